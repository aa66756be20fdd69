import type { FitPlan, Plan } from './plan/plan.ts'
import type { Size } from './plan/turn.ts'
import type { Header } from './worker/tasks.ts'

/** The side, in pixels, of the square that an intermediate image fits into. */
export const INTERMEDIATE_FIT = 2560

/** The size of an image that is scaled down to fit into a square. */
export function fitSize({ width, height }: Size, fit: number): Size {
  const factor = Math.min(1, fit / Math.max(width, height))
  const scale = (side: number) => Math.max(1, Math.round(side * factor))
  return { width: scale(width), height: scale(height) }
}

const MEGAPIXEL = 1_000_000

/**
 * From how many pixels a still original gets an intermediate image. Below, decoding it costs about as much.
 * A baseline JPEG is scaled while it is decoded, and only a very large one is slow.
 */
const LEAST_PIXELS = {
  jpeg: 24 * MEGAPIXEL,
  progressive: 3 * MEGAPIXEL,
  png: 3 * MEGAPIXEL,
  webp: MEGAPIXEL,
  avif: MEGAPIXEL,
  gif: Infinity,
  tiff: 3 * MEGAPIXEL,
  heic: MEGAPIXEL,
  jxl: MEGAPIXEL,
  // Its decoder takes a quarter of a second to start.
  bmp: MEGAPIXEL,
  // Drawn anew, it is sharp.
  svg: Infinity,
} as const

/** Whether an original is slow to decode, so that images of it are better made from an intermediate one. */
export function needsIntermediate({ format, width, height, frames, isHeldWhole }: Header): boolean {
  const kind = format === 'jpeg' && isHeldWhole ? 'progressive' : format
  return frames === 1 && width * height >= LEAST_PIXELS[kind]
}

/**
 * A result that is larger than this share of the intermediate image would show that it was compressed twice.
 * Measured: SSIM of photographs is at most 0.001 lower at 5/8, and 0.014 at 1.
 */
const LARGEST_SHARE = 5 / 8

/**
 * Whether an image can be made from an intermediate one of this size. `scaled` and `high` never are, because
 * their bytes must not depend on it.
 */
export function servesFrom(plan: Plan | FitPlan, { width, height }: Size): boolean {
  if ('fit' in plan || plan.animated || plan.frame > 0) return false
  const { scale } = plan
  return scale.width <= width * LARGEST_SHARE && scale.height <= height * LARGEST_SHARE
}
