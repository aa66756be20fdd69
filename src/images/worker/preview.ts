import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import type { Pixels } from './colour/conversion.ts'
import { fitInto } from './decode.ts'
import type { Preview } from './tasks.ts'

/** Largest side in pixels. A larger image is slow without benefit, and thumbhash refuses it. */
const THUMBHASH_FIT = 100

/** Computes what a page shows until the image has loaded: a ThumbHash and the dominant colour. */
export async function makePreview({ data, ...raw }: Pixels): Promise<Preview> {
  const small = await fitInto(sharp(data, { raw }), THUMBHASH_FIT)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const hash = rgbaToThumbHash(small.info.width, small.info.height, small.data)
  return { thumbhash: Buffer.from(hash).toString('base64'), color: dominantColor(small.data) }
}

/**
 * The dominant colour. The RGB cube is divided into 16 x 16 x 16 blocks. The result is the mean of the
 * pixels in the most frequent block. Each pixel counts by its opacity.
 *
 * @param rgba pixels, not premultiplied
 * @returns `#rrggbb`; white for a fully transparent image
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
