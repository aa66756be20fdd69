import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { Encoding } from '../plan/plan.ts'
import { VARIANTS } from '../recipe.ts'
import type { Pixels } from './colour/conversion.ts'
import { damaged, decodeFirstFrame, fitInto, openImage } from './decode.ts'
import type { Header, RenderedImage } from './tasks.ts'

/**
 * Writes pixels as WebP. The file gets nothing else of the original: no EXIF, no position, no colour
 * profile.
 */
export async function renderStill(
  { data, ...raw }: Pixels,
  { quality, effort }: Pick<Encoding, 'quality' | 'effort'>,
  path: string,
): Promise<RenderedImage> {
  const encoded = await sharp(data, { raw }).webp({ quality, effort }).toBuffer()
  return write(encoded, raw, path)
}

/**
 * Renders the variant `high`.
 * @param animated whether to keep an animation; if false, only its first frame is rendered
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
  // sharp works frame by frame and does not hold them all. By default it keeps no metadata.
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
