import type { Plan } from './plan.ts'
import { type Area, isUpright, type Size, type Turn, turnSize, UPRIGHT } from './turn.ts'

/** Largest side of a result in pixels, and most pixels of one. They bound the time and memory of a render. */
export const MAX_SIDE = 8192
export const MAX_PIXELS = 40_000_000

/** The factor, at most 1, that brings a size within the limits of a result. */
export const limitFactor = ({ width, height }: Size): number =>
  Math.min(1, MAX_SIDE / Math.max(width, height), Math.sqrt(MAX_PIXELS / (width * height)))

/** A region of the upright original and the size that it is scaled to, as they are before a turn. */
export interface RegionPlan
  extends Omit<Plan, 'scale' | 'cut' | 'turn' | 'width' | 'height' | 'inset'> {
  /** Pixels of the upright original. */
  readonly source: Size
  /** Pixels of it, within it. They need not be whole. */
  readonly region: Area
  /** Whole pixels, not larger than the region. Its sides may be scaled by different factors. */
  readonly size: Size
  readonly turn?: Turn
  /** The background that the result is laid on, and where. */
  readonly canvas?: Area
}

/** Plans an image of exactly the given region and size. */
export function planRegion(wanted: RegionPlan): Plan {
  const { source, region, size, turn = UPRIGHT, canvas, ...rest } = wanted
  const scale = {
    width: scaleSide(source.width, size.width / region.width),
    height: scaleSide(source.height, size.height / region.height),
  }
  const cut = {
    left: placeWithin(region.left * (scale.width / source.width), size.width, scale.width),
    top: placeWithin(region.top * (scale.height / source.height), size.height, scale.height),
    ...size,
  }
  const isWhole = size.width === scale.width && size.height === scale.height
  const result = canvas ?? rest.attention ?? turnSize(size, turn)
  return {
    ...rest,
    scale,
    ...(!isWhole && { cut }),
    ...(!isUpright(turn) && { turn }),
    ...(canvas && { inset: { left: canvas.left, top: canvas.top } }),
    width: result.width,
    height: result.height,
  }
}

const scaleSide = (pixels: number, factor: number): number =>
  Math.max(1, Math.round(pixels * Math.min(1, factor)))

const placeWithin = (start: number, length: number, whole: number): number =>
  Math.min(Math.max(Math.round(start), 0), whole - length)
