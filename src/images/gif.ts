import { readFile } from 'node:fs/promises'

/** First bytes of the blocks: https://www.w3.org/Graphics/GIF/spec-gif89a.txt */
const EXTENSION = 0x21
const IMAGE = 0x2c

/**
 * Whether a GIF ends in the middle of a block. (One that merely lacks its trailer is complete;
 * what is no block at all is left for the decoder to judge.)
 */
export async function isGifCutShort(path: string): Promise<boolean> {
  const bytes = await readFile(path)
  const colorTableSize = (flags: number | undefined = 0) =>
    flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0

  let at = 13 + colorTableSize(bytes[10])
  while (at < bytes.length) {
    if (bytes[at] === EXTENSION) {
      at += 2
    } else if (bytes[at] === IMAGE) {
      at += 11 + colorTableSize(bytes[at + 9])
    } else {
      return false
    }
    // Sub-blocks, each with its length in front, up to one of length 0.
    for (let length = bytes[at]; length !== 0; length = bytes[at]) {
      if (length === undefined) return true
      at += 1 + length
    }
    at += 1
  }
  return at > bytes.length
}
