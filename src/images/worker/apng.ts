import { open, readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { makeChunk } from './colour/profile.ts'
import { Refusal } from './tasks.ts'

/** https://www.w3.org/TR/png-3/#5PNG-file-signature */
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12
const HEADER_BYTES = 13
const CONTROL_BYTES = 26

/** Chunks in front of the pixels that say what the pixels mean. They hold for every frame. */
const SHARED: readonly string[] = ['PLTE', 'tRNS', 'iCCP', 'sRGB', 'gAMA', 'cHRM', 'cICP']

/** What happens to a frame's area before the next frame is drawn. */
export const TO_TRANSPARENT = 1
export const TO_PREVIOUS = 2

export interface ApngFrame {
  left: number
  top: number
  width: number
  height: number
  delayMs: number
  disposal: number
  /** Whether the frame is drawn over what is there, and does not replace it. */
  isBlended: boolean
  /** The compressed pixels, in pieces. */
  data: Buffer[]
}

export interface Apng {
  width: number
  height: number
  frames: ApngFrame[]
  /** How often it is played; 0 for ever. */
  loop: number
  /** The content of the header chunk. */
  header: Buffer
  shared: Chunk[]
}

interface Chunk {
  type: string
  data: Buffer
}

/** Largest delay and number of plays that the encoders of animations take. */
const MOST = 65_535

/** Guards against files with endless chunks. */
const MAX_CHUNKS = 512

/** Whether a PNG says in front of its pixels that it is animated. */
export async function claimsAnimation(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const head = Buffer.alloc(8)
    let at = SIGNATURE.length
    for (let count = 0; count < MAX_CHUNKS; count++) {
      const { bytesRead } = await file.read(head, 0, head.length, at)
      const type = head.toString('latin1', 4, 8)
      if (bytesRead < head.length || type === 'IDAT') return false
      if (type === 'acTL') return true
      at += FRAME_BYTES + head.readUInt32BE(0)
    }
    return false
  } finally {
    await file.close()
  }
}

/**
 * Reads the frames of an animated PNG and decodes none. Holds the whole file in memory. As the specification asks, only
 * a file whose frames are numbered without a gap is an animation: https://www.w3.org/TR/png-3/#apng-frame-based-animation
 *
 * @returns undefined for a still, also for an animation of one frame
 * @throws Refusal if the frames are not in order or if the file is cut short
 */
export async function readApng(path: string): Promise<Apng | undefined> {
  const chunks = readChunks(await readFile(path))
  const start = chunks.findIndex(({ type }) => type === 'IDAT')
  // Behind the pixels, this chunk means nothing.
  const controls = chunks.slice(0, Math.max(start, 0)).filter(({ type }) => type === 'acTL')
  const header = chunks[0]
  const [control] = controls
  if (!control || header?.type !== 'IHDR' || header.data.length !== HEADER_BYTES) return undefined
  require(controls.length === 1 && control.data.length === 8, 'it has no single count of frames')
  require(chunks.at(-1)?.type === 'IEND', 'it is cut short')
  const count = control.data.readUInt32BE(0)
  require(count > 0, 'it claims to have no frames')
  const width = header.data.readUInt32BE(0)
  const height = header.data.readUInt32BE(4)
  const frames = readFrames(chunks, { width, height })
  require(frames.length === count, `it claims ${count} frames and has ${frames.length}`)
  if (count === 1) return undefined
  const shared = chunks.slice(0, start).filter(({ type }) => SHARED.includes(type))
  const loop = Math.min(control.data.readUInt32BE(4), MOST)
  return { width, height, frames, loop, header: header.data, shared }
}

/** Stops at a chunk that is cut short. Bytes behind the end of the image are ignored. */
function readChunks(bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = SIGNATURE.length; at + FRAME_BYTES <= bytes.length; ) {
    const end = at + FRAME_BYTES + bytes.readUInt32BE(at)
    if (end > bytes.length) break
    const type = bytes.toString('latin1', at + 4, at + 8)
    const data = bytes.subarray(at + 8, end - 4)
    // The decoder gets new checksums with the frames, so that it cannot find these wrong.
    if (
      isOfAnimation(type) &&
      crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)
    )
      break
    chunks.push({ type, data })
    if (type === 'IEND') break
    at = end
  }
  return chunks
}

const isOfAnimation = (type: string) => ['IDAT', 'acTL', 'fcTL', 'fdAT'].includes(type)

function readFrames(chunks: readonly Chunk[], canvas: { width: number; height: number }) {
  const frames: ApngFrame[] = []
  let sequence = 0
  let framesBeforePixels: number | undefined
  for (const { type, data } of chunks) {
    const frame = frames.at(-1)
    if (type === 'IDAT') {
      // Without a control in front, the default image is no frame.
      framesBeforePixels ??= frames.length
      require(frames.length === framesBeforePixels, 'its default image is in two places')
      frame?.data.push(data)
    } else if (type === 'fcTL' || type === 'fdAT') {
      const isWhole = type === 'fcTL' ? data.length === CONTROL_BYTES : data.length > 4
      require(isWhole &&
        data.readUInt32BE(0) === sequence, 'a frame is missing or in the wrong place')
      sequence += 1
      if (type === 'fcTL') {
        require(frame === undefined || frame.data.length > 0, 'a frame has no pixels')
        frames.push(readControl(data, canvas, framesBeforePixels === undefined))
      } else {
        require(framesBeforePixels !== undefined &&
          frame !== undefined, 'pixels belong to no frame')
        frame?.data.push(data.subarray(4))
      }
    }
  }
  require(frames.at(-1)?.data.length !== 0, 'a frame has no pixels')
  return frames
}

/** https://www.w3.org/TR/png-3/#fcTL-chunk */
function readControl(
  data: Buffer,
  canvas: { width: number; height: number },
  isDefaultImage: boolean,
): ApngFrame {
  const [width, height, left, top] = [4, 8, 12, 16].map((at) => data.readUInt32BE(at))
  if (!width || !height || left === undefined || top === undefined)
    throw disordered('a frame has no size')
  const fits = left + width <= canvas.width && top + height <= canvas.height
  const isWhole = width === canvas.width && height === canvas.height
  require(fits && (isWhole || !isDefaultImage), 'a frame is not within the image')
  const seconds = data.readUInt16BE(20) / (data.readUInt16BE(22) || 100)
  return {
    left,
    top,
    width,
    height,
    delayMs: Math.min(Math.round(seconds * 1000), MOST),
    disposal: data.readUInt8(24),
    isBlended: data.readUInt8(25) === 1,
    data: [],
  }
}

/** A PNG of one frame alone, for a decoder that knows nothing of animations. */
export function pngOfFrame({ header, shared }: Apng, { width, height, data }: ApngFrame): Buffer {
  const own = Buffer.from(header)
  own.writeUInt32BE(width, 0)
  own.writeUInt32BE(height, 4)
  return Buffer.concat([
    SIGNATURE,
    makeChunk('IHDR', own),
    ...shared.map((chunk) => makeChunk(chunk.type, chunk.data)),
    ...data.map((piece) => makeChunk('IDAT', piece)),
    makeChunk('IEND', Buffer.of()),
  ])
}

function require(isRight: boolean, what: string) {
  if (!isRight) throw disordered(what)
}

const disordered = (what: string) =>
  new Refusal('content', `The animated PNG is damaged or cut short: ${what}.`)
