export interface Size {
  readonly width: number
  readonly height: number
}

export interface Area extends Size {
  readonly left: number
  readonly top: number
}

/**
 * How an image lies: first mirrored from left to right, then turned clockwise. Each sequence of mirrorings and
 * turns by right angles equals one of these eight.
 */
export interface Turn {
  readonly mirror: boolean
  readonly degrees: 0 | 90 | 180 | 270
}

export const UPRIGHT: Turn = { mirror: false, degrees: 0 }

/** The turns that make stored pixels upright, by EXIF's `Orientation` less one. */
const ORIENTATIONS: readonly Turn[] = [
  UPRIGHT,
  { mirror: true, degrees: 0 },
  { mirror: false, degrees: 180 },
  { mirror: true, degrees: 180 },
  { mirror: true, degrees: 270 },
  { mirror: false, degrees: 90 },
  { mirror: true, degrees: 90 },
  { mirror: false, degrees: 270 },
]

/** @param orientation the value of the EXIF tag, 1 to 8; others mean nothing */
export const turnOfOrientation = (orientation: number | undefined): Turn =>
  ORIENTATIONS[(orientation ?? 1) - 1] ?? UPRIGHT

export const isUpright = ({ mirror, degrees }: Turn): boolean => !mirror && degrees === 0

/** Whether width and height change places. */
const isSideways = ({ degrees }: Turn): boolean => degrees % 180 !== 0

/** The one turn that equals both. A mirroring reverses the direction of the turns before it. */
export const combine = (first: Turn, second: Turn): Turn => ({
  mirror: first.mirror !== second.mirror,
  degrees: normalize(second.degrees + (second.mirror ? -first.degrees : first.degrees)),
})

/** The turn that takes a turn back. */
export const undo = ({ mirror, degrees }: Turn): Turn => ({
  mirror,
  degrees: mirror ? degrees : normalize(-degrees),
})

function normalize(degrees: number): Turn['degrees'] {
  switch (((degrees % 360) + 360) % 360) {
    case 90:
      return 90
    case 180:
      return 180
    case 270:
      return 270
    default:
      return 0
  }
}

export const turnSize = ({ width, height }: Size, turn: Turn): Size =>
  isSideways(turn) ? { width: height, height: width } : { width, height }

/**
 * Where an area of an image lies after a turn of the whole image.
 * @param image the size before the turn
 */
export function turnArea(area: Area, image: Size, { mirror, degrees }: Turn): Area {
  let { left, top, width, height } = area
  let { width: across, height: down } = image
  if (mirror) left = across - left - width
  for (let turned = 0; turned < degrees; turned += 90) {
    ;[left, top] = [down - top - height, left]
    ;[width, height] = [height, width]
    ;[across, down] = [down, across]
  }
  return { left, top, width, height }
}
