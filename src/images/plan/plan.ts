import type { OutputFormat } from '../address/options.ts'
import type { Area, Size, Turn } from './turn.ts'

/** How an image is written. */
export interface Encoding {
  readonly format: OutputFormat
  /** 1 to 100. Without meaning for PNG. */
  readonly quality: number
  /** The time that is spent on fewer bytes: 0 to 6 for WebP, 0 to 9 for AVIF and PNG; none for JPEG. */
  readonly effort: number
  /** Whether an animation stays one. */
  readonly animated: boolean
}

/**
 * How an image is made from its original, in exact pixels. The steps are in the order of the members. The
 * original is scaled as a whole and cut then, because a JPEG is decoded to a smaller size in a fraction of the time.
 */
export interface Plan extends Encoding {
  /** Which frame of an animation is shown, if it does not stay one. It exists. */
  readonly frame: number
  /** The size that the whole upright original is scaled to. Never larger than the original. */
  readonly scale: Size
  /** What is cut out of the scaled original. */
  readonly cut?: Area
  readonly turn?: Turn
  /** The size that is cut out after that, at the place that draws the eye. */
  readonly attention?: Size
  /** Where the image lies on a larger background of `width` and `height`. */
  readonly inset?: Pick<Area, 'left' | 'top'>
  /** What is behind transparency, and around an inset image: `rrggbb`. Without one it is transparent. */
  readonly background?: string
  readonly gray?: true
  /** The standard deviation of a Gaussian blur, in pixels. */
  readonly blur?: number
  /** Pixels of the result; of each frame of an animation. */
  readonly width: number
  readonly height: number
}

/**
 * The plan of an image that is only scaled down to fit into a square. Its longer side is exact. The shorter one
 * depends on how the decoder rounds.
 */
export interface FitPlan extends Encoding {
  /** Side of the square in pixels. */
  readonly fit: number
}

/** How many frames of an original a plan takes, from the first on. */
export function framesOf(plan: Plan | FitPlan, { frames }: { frames: number }): number {
  if (plan.animated) return frames
  return 'fit' in plan ? 1 : plan.frame + 1
}

/**
 * The name under which the result of a plan is kept: plans of one original have the same name if, and only if,
 * they give the same image.
 * @returns at most 200 letters, digits, dots, hyphens, underscores and commas
 */
export function planName(plan: Plan): string {
  const { scale, cut, turn, attention, inset, background, gray, blur, frame, animated } = plan
  const parts: [name: string, values: readonly (string | number)[] | undefined][] = [
    ['frame', animated ? ['all'] : frame > 0 ? [frame] : undefined],
    ['scale', [scale.width, scale.height]],
    ['cut', cut && [cut.left, cut.top, cut.width, cut.height]],
    ['turn', turn && [turn.degrees, ...(turn.mirror ? ['m'] : [])]],
    ['attention', attention && [attention.width, attention.height]],
    ['inset', inset && [inset.left, inset.top, plan.width, plan.height]],
    ['bg', background === undefined ? undefined : [background]],
    ['gray', gray && [1]],
    ['blur', blur === undefined ? undefined : [blur]],
    ['q', [plan.quality, plan.effort]],
  ]
  const texts = parts.flatMap(([name, values]) => (values ? [`${name}_${values.join('-')}`] : []))
  return `${texts.join(',')}.${plan.format}`
}
