import type { VariantName } from '../database/tables.ts'

/**
 * Version of everything below and of how it is rendered. Raise it with every change that gives
 * other bytes for the same original: public URLs are keyed on it and cached for ever.
 */
export const RECIPE = 1

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
