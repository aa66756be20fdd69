/** Decodes a HEIC with libheif-js alone, as its documentation shows it. See `formats.ts`. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** What is used here of https://github.com/catdad-experiments/libheif-js. */
interface LibHeif {
  HeifDecoder: new () => {
    decode(bytes: Buffer): {
      get_width(): number
      get_height(): number
      display(target: object, done: (filled: object | null) => void): void
    }[]
  }
}

const libheif: LibHeif = createRequire(import.meta.url)('libheif-js/wasm-bundle')
process.on('message', async (path: string) => {
  const bytes = readFileSync(path)
  const start = performance.now()
  const [image] = new libheif.HeifDecoder().decode(bytes)
  if (!image) throw new Error('There is no image.')
  const [width, height] = [image.get_width(), image.get_height()]
  const data = new Uint8ClampedArray(width * height * 4)
  await new Promise((resolve) => image.display({ data, width, height }, resolve))
  process.send?.(performance.now() - start)
})
