import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { damaged } from './decode.ts'
import { type Gif, type GifFrame, readGif, TO_BACKGROUND, TO_PREVIOUS } from './gif.ts'
import type { Header } from './tasks.ts'

/**
 * A frame of one transparent pixel, which is never shown. The decoder makes an alpha channel only if some
 * frame has a transparent index.
 */
const CLEAR_FRAME = Buffer.from(
  '21f904010a000000' + '2c00000000010001008000000000000000' + '0202440100',
  'hex',
)

/**
 * Passes a GIF to `work`, or a corrected copy. Browsers show pixels that no frame covers as transparent. The
 * decoder makes them black, and restores the area of an opaque frame to the background colour. In the copy,
 * the decoder leaves both transparent. One case stays wrong: an opaque frame that uses all 256 colours and is
 * restored to the background leaves that colour, because it has no free index for transparency.
 *
 * @throws Refusal if the GIF is cut short; any error of `work`
 */
export async function withGifTransparency<T>(
  { path, folder, header }: { path: string; folder: string; header: Header },
  work: (path: string) => Promise<T>,
): Promise<T> {
  const gif = await readGif(path)
  // The decoder would accept it as a GIF with fewer frames.
  if (gif.isCutShort) throw damaged(header)
  const parts = showUncovered(gif)
  if (!parts) return work(path)
  const clear = join(folder, 'clear.gif')
  try {
    await writeFile(clear, parts, { mode: 0o600 })
    return await work(clear)
  } finally {
    await rm(clear, { force: true })
  }
}

/**
 * Makes uncovered pixels transparent. Nothing else of the image changes.
 *
 * @returns the parts of the new file, with one frame more at its end; undefined if no pixel is uncovered, or
 *   if nothing needs to change
 */
export function showUncovered({ bytes, frames, end, ...screen }: Omit<Gif, 'isCutShort'>) {
  const [first] = frames
  if (!first) return undefined
  const all = {
    left: 0,
    top: 0,
    right: frames.reduce((most, { right }) => Math.max(most, right), screen.width),
    bottom: frames.reduce((most, { bottom }) => Math.max(most, bottom), screen.height),
  }
  const isLast = (frame: GifFrame) => frame === frames.at(-1)
  const uncovered = frames.filter((frame, index) => {
    const next = frames[index + 1]
    const isHidden = next && !next.hasTransparency && covers(next, frame)
    return frame.disposal === TO_BACKGROUND && !isLast(frame) && !isHidden
  })
  const startsEmpty = !covers(first, all) || (first.disposal === TO_PREVIOUS && !isLast(first))
  if (!startsEmpty && uncovered.length === 0) return undefined
  const opaque = uncovered.filter(({ hasTransparency }) => !hasTransparency)
  if (opaque.length === 0 && frames.some(({ hasTransparency }) => hasTransparency)) return undefined

  const changed = Buffer.from(bytes.subarray(0, end))
  for (const { controlAt, dataAt } of opaque) {
    const index = findUnusedIndex(bytes, dataAt)
    // The block exists, because it holds the disposal.
    if (index === undefined || controlAt === undefined) continue
    changed[controlAt] = (changed[controlAt] ?? 0) | 1
    changed[controlAt + 3] = index
  }
  return [changed, CLEAR_FRAME, bytes.subarray(end)]
}

type Area = Pick<GifFrame, 'left' | 'top' | 'right' | 'bottom'>

const covers = (outer: Area, inner: Area) =>
  outer.left <= inner.left &&
  outer.top <= inner.top &&
  outer.right >= inner.right &&
  outer.bottom >= inner.bottom

/**
 * Finds a colour index that the pixels of a frame do not use. In the compressed data, each used index appears
 * as a single code before it is part of a longer string. So the data need not be unpacked (GIF89a,
 * appendix F).
 *
 * @param at position of the code size
 * @returns undefined if all 256 are used
 */
export function findUnusedIndex(bytes: Uint8Array, at: number): number | undefined {
  const codeSize = bytes[at] ?? 0
  if (codeSize < 8) return 255
  // The decoder accepts only indices of one byte.
  if (codeSize > 8) return undefined
  const clear = 2 ** codeSize
  const isUsed = new Uint8Array(clear)
  let next = clear + 2
  let size = codeSize + 1
  let isFirst = true
  let [bits, count] = [0, 0]
  let place = at + 1
  for (let length = bytes[place]; length; length = bytes[place]) {
    const end = Math.min(place + 1 + length, bytes.length)
    for (place += 1; place < end; place++) {
      bits |= (bytes[place] ?? 0) << count
      count += 8
      if (count < size) continue
      const code = bits & (2 ** size - 1)
      bits >>>= size
      count -= size
      if (code === clear) {
        size = codeSize + 1
        next = clear + 2
        isFirst = true
      } else if (code === clear + 1) {
        return unusedOf(isUsed)
      } else {
        if (code < clear) isUsed[code] = 1
        // The first code after a clear adds no string.
        if (!isFirst && next < 4096) {
          next += 1
          if (next === 2 ** size && size < 12) size += 1
        }
        isFirst = false
      }
    }
  }
  return unusedOf(isUsed)
}

function unusedOf(isUsed: Uint8Array): number | undefined {
  const index = isUsed.indexOf(0)
  return index === -1 ? undefined : index
}
