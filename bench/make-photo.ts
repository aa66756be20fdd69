import sharp from 'sharp'
import { randomFrom } from './fill-photos.ts'

/** Makes a JPEG of 12 megapixels with the smoothness, noise and size of a photograph. */
export async function makePhoto(seed: number): Promise<Buffer> {
  const [width, height] = [4000, 3000]
  const random = randomFrom(seed)
  const coarse = Buffer.from(
    Array.from({ length: 160 * 120 * 3 }, () => Math.floor(random() * 256)),
  )
  const noise = await sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#808080',
      noise: { type: 'gaussian', mean: 128, sigma: 14 },
    },
  })
    .png({ compressionLevel: 0 })
    .toBuffer()
  const smooth = await sharp(coarse, { raw: { width: 160, height: 120, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .png({ compressionLevel: 0 })
    .toBuffer()
  return sharp(smooth)
    .composite([{ input: noise, blend: 'soft-light' }])
    .jpeg({ quality: 90 })
    .toBuffer()
}
