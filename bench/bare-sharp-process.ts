/**
 * Makes the server's variants of JPEGs with sharp alone, and prints the rate. For `scaled`, it makes the
 * image, the placeholder and the colour from pixels that are decoded once and checked for damage.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { VARIANTS } from '../src/images/recipe.ts'
import { dominantColor } from '../src/images/worker/preview.ts'

const [folder = '', variant = '', count = '1', parallel = '1'] = process.argv.slice(2)
const files = readdirSync(folder).map((name) => join(folder, name))
// As in the server: each image has one thread, and several images in parallel use all processors.
sharp.cache(false)
sharp.concurrency(1)

async function make(path: string): Promise<void> {
  const { fit, quality, effort } = variant === 'high' ? VARIANTS.high : VARIANTS.scaled
  const image = sharp(path, { failOn: 'warning' }).autoOrient()
  const size = { fit: 'inside', withoutEnlargement: true } as const
  const { data, info } = await image
    .resize(fit, fit, size)
    .raw()
    .toBuffer({ resolveWithObject: true })
  const raw = { width: info.width, height: info.height, channels: info.channels }
  await sharp(data, { raw }).webp({ quality, effort }).toBuffer()
  if (variant === 'high') return
  const small = await sharp(data, { raw })
    .resize(100, 100, size)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  rgbaToThumbHash(small.info.width, small.info.height, small.data)
  dominantColor(small.data)
}

const times: number[] = []
async function makeSome(total: number): Promise<number> {
  let left = total
  const start = performance.now()
  const work = async () => {
    while (left-- > 0) {
      const begun = performance.now()
      await make(files[left % files.length] ?? '')
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: Number(parallel) }, work))
  return performance.now() - start
}

// Warm-up.
await makeSome(Number(parallel))
times.length = 0
const milliseconds = await makeSome(Number(count))
console.log(JSON.stringify({ rate: (1000 * Number(count)) / milliseconds, times }))
