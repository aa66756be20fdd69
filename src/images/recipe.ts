import type { VariantName } from '../database/tables.ts'

/**
 * Version of the variants below and of the way they are rendered. Raise it with every change that gives
 * other bytes for the same original: public URLs are keyed on it and cached for ever. A file keeps its
 * recipe until a migration moves it. A migration moves the files whose images change.
 */
export const RECIPE = 2

/**
 * By MIME type, the last recipe that changed how files of this type look. Files with an earlier recipe must
 * be moved. (Recipe 2 added colours declared by other means than a profile, and uncovered parts of GIFs.)
 */
export const SINCE: Readonly<Record<string, number>> = {
  'image/png': 2,
  'image/avif': 2,
  'image/gif': 2,
}

export interface Variant {
  /** Side of a square in pixels. The image is scaled down to fit into it, and never enlarged. */
  readonly fit: number
  /** WebP quality, 1 to 100. */
  readonly quality: number
  /** WebP effort, 0 (fast) to 6 (small). */
  readonly effort: number
}

/**
 * Qualities: at 80, artefacts are no longer visible in a thumbnail; `high` is viewed full screen.
 *
 * Efforts, measured on a photograph of 12 megapixels: a thumbnail is made once, shown thousands of
 * times, and costs 9 ms more at 4 than at 2. A user waits for `high`, which takes 340 ms at 2, and
 * 640 ms at 4 for 4 % fewer bytes. For animations, the effort decides whether they can be made in time.
 */
export const VARIANTS = {
  scaled: { fit: 400, quality: 80, effort: 4 },
  high: { fit: 2560, quality: 85, effort: 2 },
} as const satisfies Record<VariantName, Variant>
