/** The real `@nuxt/image`, which is too large to be a dependency: it brings the tools by which Nuxt builds. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installPackages } from './install-package.ts'

const VERSION = '2.1.0'
const SPEC = `@nuxt/image@${VERSION}`
const FOLDER = join(import.meta.dirname, `../node_modules/.cache/nuxt-image-${VERSION}`)
const RUNTIME = join(FOLDER, 'node_modules/@nuxt/image/dist/runtime/index.js')

/** What a provider of images gets: the modifiers of an image, and its own settings. */
interface Resolved {
  modifiers: Readonly<Record<string, string | number>>
  baseURL?: string
}

export type Provider = () => { getImage(src: string, resolved: Resolved): { url: string } }

/** What the tests use of https://image.nuxt.com, as its components do. */
interface Runtime {
  defineProvider(provider: ReturnType<Provider>): Provider
  createImage(options: {
    provider: string
    providers: Readonly<Record<string, { setup: Provider; defaults: Partial<Resolved> }>>
    presets: object
    screens: Readonly<Record<string, number>>
    densities: readonly number[]
    domains: readonly string[]
    alias: object
  }): {
    getSizes(
      src: string,
      options: { sizes: string; modifiers?: Resolved['modifiers'] },
    ): { src: string; srcset: string; sizes: string | undefined }
  }
}

export const hasNuxtImage = (): boolean => existsSync(RUNTIME)

export async function installNuxtImage(): Promise<void> {
  if (!(await installPackages([SPEC], FOLDER))) {
    console.log(`There is no ${SPEC} for the test of its images, so that is SKIPPED.`)
  }
}

export const loadNuxtImage = (): Promise<Runtime> => import(pathToFileURL(RUNTIME).href)
