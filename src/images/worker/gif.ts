import { readFile } from 'node:fs/promises'

/** First bytes of blocks: https://www.w3.org/Graphics/GIF/spec-gif89a.txt */
const EXTENSION = 0x21
const GRAPHIC_CONTROL = 0xf9
const IMAGE = 0x2c

/** Disposals: what happens to a frame's area before the next frame is drawn. */
export const TO_BACKGROUND = 2
export const TO_PREVIOUS = 3

export interface GifFrame {
  /** Offsets of the image block, and of the code size in front of the compressed data. */
  at: number
  dataAt: number
  /** Offset of the flags and the transparent index, if the frame has them. */
  controlAt: number | undefined
  left: number
  top: number
  right: number
  bottom: number
  disposal: number
  hasTransparency: boolean
}

export interface Gif {
  bytes: Buffer
  width: number
  height: number
  frames: GifFrame[]
  /** Offset after the last block. */
  end: number
  /**
   * Whether the file ends in the middle of a block. (A file that only lacks its trailer is complete. Bytes
   * that are not a block are left to the decoder.)
   */
  isCutShort: boolean
}

/** Reads the blocks of a GIF and decodes nothing. Holds the whole file in memory. */
export async function readGif(path: string): Promise<Gif> {
  const bytes = await readFile(path)
  const byte = (at: number) => bytes[at] ?? 0
  const short = (at: number) => byte(at) | (byte(at + 1) << 8)
  const colorTableSize = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)

  const frames: GifFrame[] = []
  const gif = { bytes, width: short(6), height: short(8), frames }
  let at = 13 + colorTableSize(byte(10))
  let controlAt: number | undefined
  while (at < bytes.length) {
    const start = at
    if (bytes[at] === EXTENSION) {
      at += 2
      if (byte(start + 1) === GRAPHIC_CONTROL && byte(at) === 4) controlAt = at + 1
    } else if (bytes[at] === IMAGE) {
      at += 11 + colorTableSize(byte(at + 9))
    } else {
      break
    }
    const dataAt = at - 1
    // Sub-blocks, each with its length in front. One of length 0 ends them.
    for (let length = bytes[at]; length !== 0; length = bytes[at]) {
      if (length === undefined) return { ...gif, end: at, isCutShort: true }
      at += 1 + length
    }
    at += 1
    if (bytes[start] !== IMAGE) continue
    const flags = controlAt === undefined ? 0 : byte(controlAt)
    const [left, top] = [short(start + 1), short(start + 3)]
    frames.push({
      at: start,
      dataAt,
      controlAt,
      left,
      top,
      right: left + short(start + 5),
      bottom: top + short(start + 7),
      disposal: (flags >> 2) & 7,
      hasTransparency: (flags & 1) === 1,
    })
    controlAt = undefined
  }
  return { ...gif, end: at, isCutShort: at > bytes.length }
}
