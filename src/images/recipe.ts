import type { VariantName } from '../database/tables.ts'
import type { OutputFormat } from './address/options.ts'
import { DEFAULT_QUALITY } from './address/qualities.ts'
import type { Encoding, FitPlan } from './plan/plan.ts'

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

/**
 * Qualities: at 80, artefacts are no longer visible in a thumbnail; `high` is viewed full screen.
 *
 * Efforts, measured on a photograph of 12 megapixels: a thumbnail is made once, shown thousands of
 * times, and costs 9 ms more at 4 than at 2. A user waits for `high`, which takes 340 ms at 2, and
 * 640 ms at 4 for 4 % fewer bytes. For animations, the effort decides whether they can be made in time.
 */
export const VARIANTS = {
  scaled: { fit: 400, format: 'webp', quality: 80, effort: 4, animated: false },
  high: { fit: 2560, format: 'webp', quality: 85, effort: 2, animated: true },
} as const satisfies Record<VariantName, FitPlan>

/**
 * The quality of all other images, unless their address says one, and their effort. At 800 pixels, WebP takes 13 ms at effort
 * 2. AVIF takes 20 ms at effort 0 and saves 17 % of WebP's bytes; 65 ms at 1 for 25 %; 120 ms at 2 for a third. Its effort is
 * 0, because somebody waits for many of these images. JPEG has no effort: MozJPEG takes six times the time for 3 % fewer
 * bytes. PNG is lossless at any effort.
 */
export const ENCODINGS = {
  webp: { quality: DEFAULT_QUALITY.webp, effort: 2 },
  avif: { quality: DEFAULT_QUALITY.avif, effort: 0 },
  jpg: { quality: DEFAULT_QUALITY.jpg, effort: 0 },
  png: { quality: 100, effort: 6 },
} as const satisfies Record<OutputFormat, Pick<Encoding, 'quality' | 'effort'>>
