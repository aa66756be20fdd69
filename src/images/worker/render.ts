import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import { VARIANTS, type Variant } from '../recipe.ts'
import { damaged, decodeFirstFrame, fitInto, openImage, type Pixels } from './decode.ts'
import type { Header, RenderedImage } from './tasks.ts'

/**
 * Writes pixels as WebP. Nothing else of the original reaches the file: no EXIF, no position, no
 * colour profile.
 */
export async function renderStill(
  { data, ...raw }: Pixels,
  { quality, effort }: Variant,
  path: string,
): Promise<RenderedImage> {
  const encoded = await sharp(data, { raw }).webp({ quality, effort }).toBuffer()
  return write(encoded, raw, path)
}

/**
 * Renders the variant `high`.
 * @param animated whether an animation is kept; else its first frame is all
 */
export async function renderHigh(
  source: string,
  header: Header,
  path: string,
  animated: boolean,
): Promise<RenderedImage> {
  const { fit, quality, effort } = VARIANTS.high
  if (!animated || header.frames === 1) {
    return renderStill(await decodeFirstFrame(source, header, fit), VARIANTS.high, path)
  }
  // Frame after frame, without holding them all. sharp keeps no metadata unless told to.
  const image = openImage(source, header, 'error', { animated: true })
  const { data, info } = await fitInto(image, fit)
    .webp({ quality, effort })
    .toBuffer({ resolveWithObject: true })
    .catch((error) => {
      throw damaged(header, error)
    })
  return write(data, { width: info.width, height: info.pageHeight ?? info.height }, path)
}

async function write(
  data: Buffer,
  { width, height }: { width: number; height: number },
  path: string,
): Promise<RenderedImage> {
  await writeFile(path, data, { mode: 0o600 })
  const sha256 = createHash('sha256').update(data).digest('hex')
  return { path, size: data.length, sha256, width, height }
}
