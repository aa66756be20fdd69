import type { Options, OutputFormat, Position } from '../address/options.ts'
import { ENCODINGS } from '../recipe.ts'
import { fitInto, scaleWhole } from './fit-into.ts'
import type { Plan } from './plan.ts'
import { planRegion } from './plan-region.ts'
import { type Area, combine, type Size, type Turn, turnArea, turnSize, undo } from './turn.ts'

/** What a plan needs to know of an original; its size is that of one upright frame. */
export interface Source extends Size {
  /** 1 unless animated. */
  readonly frames: number
  /** The point that crops keep, from 0 to 1 from the left and the top. */
  readonly focus: Point | null
}

interface Point {
  readonly x: number
  readonly y: number
}

/**
 * Turns the options of an address into exact pixels. Nothing is enlarged: a box that is larger than the original
 * gives its own size or, where the box's ratio is kept, the largest cut of that ratio.
 */
export function planOf(options: Options, format: OutputFormat, source: Source): Plan {
  const turn = turnOf(options)
  const crop = cropOf(options.crop, source)
  const turned = turnSize(crop, turn)
  const { kept, size, canvas } = fitInto(options, turned)
  const animated = format === 'webp' && source.frames > 1 && options.frame === undefined
  const background = options.background ?? (format === 'jpg' ? 'ffffff' : undefined)
  const common = {
    source: { width: source.width, height: source.height },
    format,
    quality: (format === 'png' ? undefined : options.quality) ?? ENCODINGS[format].quality,
    effort: ENCODINGS[format].effort,
    animated,
    frame: animated ? 0 : Math.min(options.frame ?? 0, source.frames - 1),
    turn,
    ...(canvas && { canvas }),
    ...(background !== undefined && { background }),
    ...(options.gray && { gray: options.gray }),
    ...(options.blur !== undefined && { blur: options.blur }),
  }
  const place = placeOf(options.position ?? focusWithin(source, crop, turn), animated)
  if (place === 'attention') {
    const whole = scaleWhole(turned, kept, size)
    const isCut = whole.width > size.width || whole.height > size.height
    const attention = isCut ? { attention: size } : {}
    return planRegion({ ...common, ...attention, region: crop, size: turnSize(whole, undo(turn)) })
  }
  const region = turnArea(place(kept, turned), turned, undo(turn))
  return planRegion({
    ...common,
    region: { ...region, left: crop.left + region.left, top: crop.top + region.top },
    size: turnSize(size, undo(turn)),
  })
}

/** First `rotate`, then `flip`. */
function turnOf({ rotate, flip }: Options): Turn {
  const rotated: Turn = { mirror: false, degrees: rotate ?? 0 }
  if (flip === 'h') return combine(rotated, { mirror: true, degrees: 0 })
  if (flip === 'v') return combine(rotated, { mirror: true, degrees: 180 })
  return rotated
}

/** The whole pixels of a crop in percent; at least one. */
function cropOf(crop: Options['crop'], { width, height }: Size): Area {
  if (!crop) return { left: 0, top: 0, width, height }
  const [left, across] = cropSide(crop.x, crop.width, width)
  const [top, down] = cropSide(crop.y, crop.height, height)
  return { left, top, width: across, height: down }
}

function cropSide(start: number, length: number, pixels: number): [start: number, length: number] {
  const from = Math.min(Math.round((start / 100) * pixels), pixels - 1)
  const to = Math.min(Math.round(((start + length) / 100) * pixels), pixels)
  return [from, Math.max(1, to - from)]
}

/** The item's focus, as a point of the turned crop. */
function focusWithin({ width, height, focus }: Source, crop: Area, turn: Turn): Point | undefined {
  if (!focus) return undefined
  const at = {
    left: focus.x * width - crop.left,
    top: focus.y * height - crop.top,
    width: 0,
    height: 0,
  }
  const { left, top } = turnArea(at, crop, turn)
  const turned = turnSize(crop, turn)
  return { x: (left / turned.width) * 100, y: (top / turned.height) * 100 }
}

/** Finds where the kept part lies in the whole. */
type Place = (kept: Size, whole: Size) => Area

function placeOf(position: Position | undefined, animated: boolean): Place | 'attention' {
  if (typeof position === 'object') {
    return (kept, whole) => ({
      ...kept,
      left: around((position.x / 100) * whole.width, kept.width, whole.width),
      top: around((position.y / 100) * whole.height, kept.height, whole.height),
    })
  }
  // What draws the eye would be another place in each frame.
  const side = position ?? 'attention'
  if (side === 'attention' && !animated) return 'attention'
  const across = side.includes('left') ? 0 : side.includes('right') ? 1 : 0.5
  const down = side.includes('top') ? 0 : side.includes('bottom') ? 1 : 0.5
  return (kept, whole) => ({
    ...kept,
    left: (whole.width - kept.width) * across,
    top: (whole.height - kept.height) * down,
  })
}

/** The start of a length whose middle is as near to a point as the whole allows. */
const around = (point: number, length: number, whole: number): number =>
  Math.min(Math.max(point - length / 2, 0), whole - length)
