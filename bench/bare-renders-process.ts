/** Makes images with sharp alone, one after another, whenever its parent asks for some. See `openBareRenders`. */
import sharp from 'sharp'
import { ENCODINGS } from '../src/images/recipe.ts'
import type { BareTask } from './bare-renders.ts'

// As in the server: one thread for each image.
sharp.cache(false)
sharp.concurrency(1)

process.on('message', async ({ paths, width, format }: BareTask) => {
  const { quality, effort } = ENCODINGS[format]
  for (const path of paths) {
    const image = sharp(path, { failOn: 'error' }).autoOrient().resize(width)
    await (format === 'avif'
      ? image.avif({ quality, effort })
      : image.webp({ quality, effort })
    ).toBuffer()
  }
  process.send?.('done')
})
