import type { MediaItem } from '../api/client'
import type { Size } from './zoom'

/** The point of an image that crops keep, from 0 to 1 from the left and the top. */
export type Focus = NonNullable<MediaItem['focus']>

/** A step by an arrow key, and with Shift. */
const [STEP, LARGE_STEP] = [0.01, 0.1]

const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** A point inside the image, in whole percents. */
export const toFocus = (x: number, y: number): Focus => ({ x: toPercents(x), y: toPercents(y) })

const toPercents = (part: number) => Math.round(100 * Math.min(1, Math.max(0, part))) / 100

/** @returns undefined if the key moves nothing */
export function moveFocus({ x, y }: Focus, key: string, isLarge: boolean): Focus | undefined {
  const step = isLarge ? LARGE_STEP : STEP
  const way = WAYS[key]
  return way && toFocus(x + way[0] * step, y + way[1] * step)
}

/**
 * The `object-position` by which `object-fit: cover` shows what the server keeps: a part of the given ratio, as large as
 * possible, with the point in its middle as far as the edges allow.
 */
export function positionFor(focus: Focus, { width, height }: Size, ratio: number): string {
  const own = width / height
  const place = (point: number, part: number) =>
    // Percents of what is left beside the part.
    part >= 1 ? 50 : round(100 * Math.min(1, Math.max(0, (point - part / 2) / (1 - part))))
  return `${place(focus.x, ratio / own)}% ${place(focus.y, own / ratio)}%`
}

/** To hundredths, of which none can be seen. */
const round = (percents: number) => Math.round(100 * percents) / 100
