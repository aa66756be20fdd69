export interface FrameShape {
  left: number
  top: number
  width: number
  height: number
  /** Index of one colour for all pixels, or an index for each. */
  color?: number
  pixels?: Uint8Array
  /** See `src/images/worker/gif.ts`. */
  disposal?: number
}

/** Black, red, blue, white. */
const COLORS = ['000000', 'ff0000', '0000ff', 'ffffff']

/**
 * A GIF of opaque frames on a canvas, each shown for 80 ms. @param options.colors size of the colour table,
 * 4 or 256
 */
export function makeGifOfFrames(
  screen: { width: number; height: number },
  frames: readonly FrameShape[],
  { colors = 4 }: { colors?: number } = {},
): Buffer {
  const table = Buffer.alloc(3 * colors)
  table.set(Buffer.from(COLORS.join(''), 'hex'))
  const bits = Math.log2(colors)
  return Buffer.concat([
    Buffer.from('GIF89a'),
    shorts(screen.width, screen.height),
    Buffer.from([0x80 | (bits - 1), 0, 0]),
    table,
    ...frames.flatMap(({ left, top, width, height, color = 0, pixels, disposal = 0 }) => [
      Buffer.from([0x21, 0xf9, 4, disposal << 2, 8, 0, 0, 0]),
      Buffer.from([0x2c]),
      shorts(left, top, width, height),
      Buffer.from([0]),
      compress(pixels ?? new Uint8Array(width * height).fill(color), bits),
    ]),
    Buffer.from([0x3b]),
  ])
}

function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value, 2 * index)
  return bytes
}

/** LZW as in appendix F of GIF89a, in blocks of at most 255 bytes. */
function compress(pixels: Uint8Array, codeSize: number): Buffer {
  const clear = 2 ** codeSize
  const out: number[] = []
  let [held, count, size] = [0, 0, codeSize + 1]
  let strings = new Map<string, number>()
  let next = clear + 2
  const write = (code: number) => {
    held |= code << count
    for (count += size; count >= 8; count -= 8) {
      out.push(held & 255)
      held >>>= 8
    }
  }
  const codeOf = (text: string) => strings.get(text) ?? text.charCodeAt(0)
  write(clear)
  let text = ''
  for (const pixel of pixels) {
    const longer = text + String.fromCharCode(pixel)
    if (longer.length === 1 || strings.has(longer)) {
      text = longer
      continue
    }
    write(codeOf(text))
    strings.set(longer, next)
    if (next === 2 ** size && size < 12) size += 1
    next += 1
    if (next === 4096) {
      write(clear)
      strings = new Map()
      ;[next, size] = [clear + 2, codeSize + 1]
    }
    text = String.fromCharCode(pixel)
  }
  write(codeOf(text))
  write(clear + 1)
  if (count > 0) out.push(held & 255)
  const blocks: Buffer[] = [Buffer.from([codeSize])]
  for (let at = 0; at < out.length; at += 255) {
    const block = out.slice(at, at + 255)
    blocks.push(Buffer.from([block.length, ...block]))
  }
  return Buffer.concat([...blocks, Buffer.from([0])])
}
