/** The real Uppy with its tus plugin: https://uppy.io. Too large to be a dependency for one test. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { installPackages } from './install-package.ts'

const VERSION = '6.0.0'
/** It brings `@uppy/core`. */
const SPEC = `@uppy/tus@${VERSION}`
const FOLDER = join(import.meta.dirname, `../node_modules/.cache/uppy-tus-${VERSION}`)

export const hasUppy = (): boolean => existsSync(FOLDER)

export async function installUppy(): Promise<void> {
  if (!(await installPackages([SPEC], FOLDER))) {
    console.log(`There is no ${SPEC} for the test of uploads with it, so that is SKIPPED.`)
  }
}

const ENTRY = `
export { default as Uppy } from '@uppy/core'
export { default as Tus } from '@uppy/tus'
`

/** @returns the text of a module that exports `Uppy` and `Tus`, for a browser */
export async function bundleUppy(): Promise<string> {
  const built = await build({
    root: FOLDER,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id.endsWith('entry.js') ? id : undefined),
        load: (id) => (id.endsWith('entry.js') ? ENTRY : undefined),
      },
    ],
    build: { write: false, lib: { entry: 'entry.js', formats: ['es'], fileName: 'uppy' } },
  })
  const [chunk] = [built].flat().flatMap((each) => ('output' in each ? each.output : []))
  if (chunk?.type !== 'chunk') throw new Error('Uppy was not bundled.')
  return chunk.code
}
