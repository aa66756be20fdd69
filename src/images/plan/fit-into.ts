import type { Options } from '../address/options.ts'
import { limitFactor } from './plan-region.ts'
import type { Area, Size } from './turn.ts'

export interface Fitted {
  /** How much of the turned crop is kept, in its pixels. They need not be whole. */
  kept: Size
  /** The whole pixels that it is scaled to. */
  size: Size
  /** The background that these are laid on. */
  canvas?: Area
}

/** Finds how much of an image the options keep, and how large that becomes. */
export function fitInto({ width, height, ratio, fit }: Options, turned: Size): Fitted {
  const box = width !== undefined && height !== undefined ? { width, height } : undefined
  // The ratio of a box that must be covered counts, and not a ratio beside it.
  const shape = fit === 'cover' && box ? [box.width, box.height] : ratio
  const cut = shape ? largestOf(shape, turned) : turned
  const factor = Math.min(1, (width ?? Infinity) / cut.width, (height ?? Infinity) / cut.height)
  const limit = limitFactor(
    fit === 'contain' && box ? box : { width: cut.width * factor, height: cut.height * factor },
  )
  const round = limit < 1 ? Math.floor : Math.round
  const size = scaleSize(cut, factor * limit, round)
  // Without this, a cut that is not in whole pixels would be resampled by nearly 1.
  const isUnscaled = isNextTo(size.width, cut.width) && isNextTo(size.height, cut.height)
  const kept = isUnscaled ? size : cut
  if (fit !== 'contain' || !box) return { kept, size }
  const whole = scaleSize(box, limit, round)
  const left = Math.floor((whole.width - size.width) / 2)
  const top = Math.floor((whole.height - size.height) / 2)
  if (left === 0 && top === 0 && whole.width === size.width && whole.height === size.height) {
    return { kept, size }
  }
  return { kept, size, canvas: { left, top, ...whole } }
}

function largestOf([across = 1, down = 1]: readonly number[], { width, height }: Size): Size {
  const isTooWide = width * down > height * across
  return isTooWide
    ? { width: (height * across) / down, height }
    : { width, height: (width * down) / across }
}

function scaleSize({ width, height }: Size, factor: number, by: (value: number) => number): Size {
  const round = factor === 1 ? Math.floor : by
  return { width: wholePixels(width * factor, round), height: wholePixels(height * factor, round) }
}

const isNextTo = (whole: number, value: number): boolean =>
  whole === Math.floor(value) || whole === Math.ceil(value)

/** The addend keeps halves that are not exact in binary from falling. */
const wholePixels = (value: number, round = Math.round): number => Math.max(1, round(value + 1e-6))

/** The size of the turned crop at the scale at which `kept` becomes `size`. */
export function scaleWhole(turned: Size, kept: Size, size: Size): Size {
  const isFullWidth = kept.width === turned.width
  if (isFullWidth && kept.height === turned.height) return size
  const factor = isFullWidth ? size.width / kept.width : size.height / kept.height
  return isFullWidth
    ? { width: size.width, height: Math.max(wholePixels(turned.height * factor), size.height) }
    : { width: Math.max(wholePixels(turned.width * factor), size.width), height: size.height }
}
