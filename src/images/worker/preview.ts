import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { fitInto, type Pixels } from './decode.ts'
import type { Preview } from './tasks.ts'

/** More is slow without benefit, and thumbhash refuses it. */
const THUMBHASH_FIT = 100

/** What a page shows before the image is there: base64 of a ThumbHash, and the dominant colour. */
export async function makePreview({ data, ...raw }: Pixels): Promise<Preview> {
  const small = await fitInto(sharp(data, { raw }), THUMBHASH_FIT)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const hash = rgbaToThumbHash(small.info.width, small.info.height, small.data)
  return { thumbhash: Buffer.from(hash).toString('base64'), color: dominantColor(small.data) }
}

/**
 * The mean of the most frequent colours, where 16 x 16 x 16 blocks of the RGB cube tell colours
 * apart. Transparent pixels count by as much as they show.
 *
 * @param rgba pixels, not premultiplied
 * @returns `#rrggbb`; white for an image that shows nothing
 */
export function dominantColor(rgba: Uint8Array): string {
  const blocks = new Map<number, { weight: number; red: number; green: number; blue: number }>()
  let dominant = { weight: 0, red: 0, green: 0, blue: 0 }
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4)
    const key = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4)
    const block = blocks.get(key) ?? { weight: 0, red: 0, green: 0, blue: 0 }
    block.weight += alpha
    block.red += alpha * red
    block.green += alpha * green
    block.blue += alpha * blue
    blocks.set(key, block)
    if (block.weight > dominant.weight) dominant = block
  }
  if (dominant.weight === 0) return '#ffffff'
  const { weight, red, green, blue } = dominant
  return `#${[red, green, blue]
    .map((sum) =>
      Math.round(sum / weight)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`
}
