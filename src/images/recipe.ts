import type { VariantName } from '../database/tables.ts'

/**
 * Version of everything below and of how it is rendered. Raise it with every change that gives
 * other bytes for the same original: public URLs are keyed on it and cached for ever. A file keeps the
 * recipe that it came with until a migration moves it, which it does where its images change.
 */
export const RECIPE = 2

/**
 * The recipe since which files of a type look as they do: one that came by an earlier one is to be moved. (With
 * the second one came colours that are declared otherwise than by a profile, and uncovered parts of GIFs.)
 */
export const SINCE: Readonly<Record<string, number>> = {
  'image/png': 2,
  'image/avif': 2,
  'image/gif': 2,
}

export interface Variant {
  /** Pixels of the square that the image is scaled down to fit; never enlarged. */
  readonly fit: number
  /** Of WebP, 1 to 100. */
  readonly quality: number
  /** Of WebP, 0 (fast) to 6 (small). */
  readonly effort: number
}

/**
 * Qualities: 80 is where artefacts stop showing in a thumbnail; `high` is looked at full screen.
 *
 * Efforts, measured on a photograph of 12 megapixels: a thumbnail is made once, shown thousands of
 * times, and costs 9 ms more at 4 than at 2. Somebody waits for `high`, which takes 340 ms at 2 and
 * 640 ms at 4 for 4 % fewer bytes; for animations it decides whether they can be made in time.
 */
export const VARIANTS = {
  scaled: { fit: 400, quality: 80, effort: 4 },
  high: { fit: 2560, quality: 85, effort: 2 },
} as const satisfies Record<VariantName, Variant>
