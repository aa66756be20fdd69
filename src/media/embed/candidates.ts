import type { Extension, ImageAddress, Options } from '../../images/address/options.ts'
import { withPreset } from '../../images/address/with-preset.ts'
import type { Source } from '../../images/delivery/source-lookup.ts'
import type { Plan } from '../../images/plan/plan.ts'
import { planOf } from '../../images/plan/plan-of.ts'
import { VARIANTS } from '../../images/recipe.ts'

/** What all sizes of an image in a page have in common. */
export interface Look {
  preset?: string
  /** Of the preset. */
  revision?: number
  /** Of the preset. */
  options: Options
}

/** An image from which a browser may choose. */
export interface Candidate {
  address: ImageAddress
  /** Pixels. */
  width: number
}

/** What an image of this look becomes at a width, or at its own. */
export function planLook(
  { options }: Look,
  source: Source,
  extension: Exclude<Extension, 'auto'>,
  width?: number,
): Plan {
  const own = width === undefined ? {} : { width }
  return planOf(withPreset(options, { options: own, extension }), extension, source)
}

/**
 * The sizes of an image for the attribute `srcset`, ascending: the widths of the ladder up to the first one that shows
 * all of its pixels. If the preset says a size, that is the last one.
 *
 * @param widths the ladder, ascending
 */
export function candidatesOf(
  look: Look,
  source: Source,
  widths: readonly number[],
  extension: Exclude<Extension, 'auto'>,
): Candidate[] {
  const { options: _options, ...preset } = look
  const { width, height, ratio } = look.options
  const own = planLook(look, source, extension).width
  const isSized = width !== undefined || height !== undefined
  // An address has only one of both beside a ratio.
  const takesWidth = height === undefined || ratio === undefined
  const steps = takesWidth ? widths.filter((step) => !isSized || step < own) : []
  const found: Candidate[] = []
  for (const step of steps) {
    const { width } = planLook(look, source, extension, step)
    if (width === found.at(-1)?.width) break
    found.push({ address: { ...preset, options: { width: step }, extension }, width })
  }
  if (isSized) found.push({ address: { ...preset, options: {}, extension }, width: own })
  return found
}

/**
 * The attribute `srcset`.
 * @param urlOf the URL of an image of this item
 */
export const srcsetOf = (
  candidates: readonly Candidate[],
  urlOf: (address: ImageAddress) => string,
): string => candidates.map(({ address, width }) => `${urlOf(address)} ${width}w`).join(', ')

/**
 * The images that are there on a server that makes no others.
 * @param preset only this one
 */
export function storedCandidates(source: Source, preset?: string): Candidate[] {
  const found: Candidate[] = []
  for (const name of ['scaled', 'high'] as const) {
    if (preset !== undefined && preset !== name) continue
    // Of an animation, it is a still.
    if (preset === undefined && name === 'scaled' && source.frames > 1) continue
    const { fit } = VARIANTS[name]
    const { width } = planOf({ width: fit, height: fit }, 'webp', source)
    if (width === found.at(-1)?.width) continue
    found.push({ address: { preset: name, options: {}, extension: 'webp' }, width })
  }
  return found
}
