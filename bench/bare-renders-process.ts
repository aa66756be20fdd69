/** Makes images with sharp alone, one after another, whenever its parent asks for some. See `openBareRenders`. */
import sharp from 'sharp'
import { ENCODINGS } from '../src/images/recipe.ts'
import { encode } from '../src/images/worker/finish.ts'
import type { BareTask } from './bare-renders.ts'

// As in the server: one thread for each image.
sharp.cache(false)
sharp.concurrency(1)

process.on('message', async ({ paths, width, format }: BareTask) => {
  for (const path of paths) {
    const image = sharp(path, { failOn: 'error' }).autoOrient().resize(width)
    await encode(image, { ...ENCODINGS[format], format, animated: false }).toBuffer()
  }
  process.send?.('done')
})
