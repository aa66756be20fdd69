import { parametersInvalid } from '../../base/errors.ts'
import type { Extension, Options } from './options.ts'

/** Guards memory and processor time: a box is filled whatever the size of the original. */
const MAX_PIXELS = 40_000_000

/**
 * Checks whole options that are right one by one.
 * @throws AppError 400 "Invalid parameters" for options that contradict or lack each other
 */
export function checkOptions(options: Options, extension: Extension): void {
  const { width, height, fit } = options
  if (fit !== undefined && (width === undefined || height === undefined)) {
    throw parametersInvalid(`fit is ${fit}; it needs both w and h, which are the box to fit into.`)
  }
  checkConflicts(options, extension)
}

/**
 * Checks options that may lack others, because a preset gives these.
 * @throws AppError 400 "Invalid parameters" for options that contradict each other
 */
export function checkConflicts(options: Options, extension: Extension): void {
  const { width, height, ratio, quality } = options
  if (width !== undefined && height !== undefined) {
    if (ratio !== undefined) {
      throw parametersInvalid('ar is given with both w and h; it must be with one of them at most.')
    }
    if (width * height > MAX_PIXELS) {
      throw parametersInvalid(
        `w is ${width} and h is ${height}; both together must be at most ${MAX_PIXELS / 1e6} megapixels.`,
      )
    }
  }
  if (quality !== undefined && extension === 'png') {
    throw parametersInvalid(
      `q is ${quality}; it must not be given for png, which is lossless, but for webp, avif, jpg or auto.`,
    )
  }
}
