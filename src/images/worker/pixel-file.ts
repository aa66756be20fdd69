import { writeSync } from 'node:fs'

/** What the frames of a file of pixels have in common. */
export interface PixelShape {
  width: number
  height: number
  /** Red, green and blue, and with 4 the opacity, not premultiplied. */
  channels: 3 | 4
  /** Whether a value has 16 bits, little-endian, and not 8. */
  isDeep: boolean
  frames: number
  /** ICC profile of the pixels. */
  profile?: Uint8Array | undefined
}

/** Bytes of a strip of rows, about. libvips reads strips whole. */
const STRIP_BYTES = 256 * 1024

/** Types of values: TIFF 6.0, section 2, and BigTIFF. */
const SHORT = 3
const LONG = 4
const UNDEFINED = 7
const LONG8 = 16
const BYTES: Readonly<Record<number, number>> = {
  [SHORT]: 2,
  [LONG]: 4,
  [UNDEFINED]: 1,
  [LONG8]: 8,
}

const STRIP_OFFSETS = 273
const HEAD_BYTES = 16
const ENTRY_BYTES = 20

/**
 * Writes decoded frames so that libvips reads them without a copy in memory: as an uncompressed BigTIFF with a page for
 * each frame. Every program that decodes what libvips cannot hands its pixels on in this form.
 *
 * @param fd an empty file
 * @returns appends pixels, in any number of pieces: the rows of the first frame, then those of the next
 */
export function writePixelFile(fd: number, shape: PixelShape): (pixels: Uint8Array) => void {
  const frameBytes = shape.width * shape.height * shape.channels * (shape.isDeep ? 2 : 1)
  const head = Buffer.alloc(HEAD_BYTES)
  head.write('II', 0, 'latin1')
  head.writeUInt16LE(43, 2)
  head.writeUInt16LE(8, 4)
  head.writeBigUInt64LE(BigInt(HEAD_BYTES), 8)
  writeAll(fd, head)
  let at = HEAD_BYTES
  let frame = 0
  let missing = 0

  return (pixels) => {
    for (let from = 0; from < pixels.length; ) {
      if (missing === 0) {
        if (frame === shape.frames) throw new Error('There are more pixels than frames.')
        frame += 1
        const directory = directoryOf(shape, at, frameBytes, frame === shape.frames)
        writeAll(fd, directory)
        at += directory.length + frameBytes
        missing = frameBytes
      }
      const part = pixels.subarray(from, from + missing)
      writeAll(fd, part)
      from += part.length
      missing -= part.length
      if (missing === 0 && at % 2 === 1) {
        writeAll(fd, Buffer.alloc(1))
        at += 1
      }
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array) {
  for (let from = 0; from < bytes.length; ) from += writeSync(fd, bytes, from)
}

type Entry = [tag: number, type: number, values: readonly number[] | Uint8Array]

/** The description of one frame, in front of its pixels. */
function directoryOf(shape: PixelShape, at: number, frameBytes: number, isLast: boolean): Buffer {
  const { width, height, channels, profile } = shape
  const rowBytes = frameBytes / height
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)))
  const strips = Math.ceil(height / rows)
  const sizes = Array.from(
    { length: strips },
    (_, strip) => Math.min(rows, height - strip * rows) * rowBytes,
  )
  const entries: Entry[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, new Array<number>(channels).fill(shape.isDeep ? 16 : 8)],
    // Uncompressed red, green and blue.
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    // Filled in when the length of everything else is known.
    [STRIP_OFFSETS, LONG8, new Array<number>(strips).fill(0)],
    [277, SHORT, [channels]],
    [278, LONG, [rows]],
    [279, LONG8, sizes],
    [284, SHORT, [1]],
  ]
  // The fourth channel is opacity, not premultiplied.
  if (channels === 4) entries.push([338, SHORT, [2]])
  if (profile) entries.push([34675, UNDEFINED, profile])
  const fixed = 8 + entries.length * ENTRY_BYTES + 8
  const long = entries.map(([, type, values]) => (BYTES[type] ?? 0) * values.length)
  const extra = long.filter((length) => length > 8).reduce((sum, length) => sum + length, 0)
  const pixelsAt = at + fixed + extra + ((fixed + extra) % 2)
  const bytes = Buffer.alloc(pixelsAt - at)
  bytes.writeBigUInt64LE(BigInt(entries.length), 0)
  let free = fixed
  for (const [index, [tag, type, values]] of entries.entries()) {
    const entry = 8 + index * ENTRY_BYTES
    bytes.writeUInt16LE(tag, entry)
    bytes.writeUInt16LE(type, entry + 2)
    bytes.writeBigUInt64LE(BigInt(values.length), entry + 4)
    const length = long[index] ?? 0
    const isInline = length <= 8
    const place = isInline ? entry + 12 : free
    if (!isInline) {
      bytes.writeBigUInt64LE(BigInt(at + free), entry + 12)
      free += length
    }
    let offset = pixelsAt
    for (const [number, given] of values.entries()) {
      const value = tag === STRIP_OFFSETS ? offset : given
      offset += sizes[number] ?? 0
      write(bytes, type, place + number * (BYTES[type] ?? 0), value)
    }
  }
  const next = pixelsAt + frameBytes
  bytes.writeBigUInt64LE(isLast ? 0n : BigInt(next + (next % 2)), fixed - 8)
  return bytes
}

function write(bytes: Buffer, type: number, at: number, value: number) {
  if (type === SHORT) bytes.writeUInt16LE(value, at)
  else if (type === LONG) bytes.writeUInt32LE(value, at)
  else if (type === LONG8) bytes.writeBigUInt64LE(BigInt(value), at)
  else bytes.writeUInt8(value, at)
}
