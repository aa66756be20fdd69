import type { Extension } from './options.ts'

/**
 * The quality of each lossy format where an address gives none. Photographs are as similar to their originals in each of
 * them (SSIM): `npm run bench -- qualities` finds them, and docs/performance.md has its table. An address never repeats it, and signatures are made over
 * what an address says: after a change, a signed address with the new default as its `q` is no longer valid.
 */
export const DEFAULT_QUALITY: Readonly<Record<'webp' | 'avif' | 'jpg', number>> = {
  webp: 80,
  avif: 61,
  jpg: 73,
}

/** undefined for PNG, which is lossless, and for `auto`, which has the default of the format that it chooses. */
export const defaultQuality = (extension: Extension): number | undefined =>
  extension === 'png' || extension === 'auto' ? undefined : DEFAULT_QUALITY[extension]
