import { parametersInvalid, quote } from '../../base/errors.ts'
import { readWhole } from '../address/numbers.ts'
import { wrongValue } from '../address/parse-options.ts'
import type { Area, Size } from '../plan/turn.ts'
import { readDecimal } from './read-decimal.ts'

/**
 * Finds the area of an upright image that a request means, in whole pixels within the image.
 * @throws AppError 400 "Invalid parameters" if the area lies outside of the image
 */
export type RegionOf = (image: Size) => Area

const RIGHT = 'full, square, x,y,w,h in whole pixels, or pct:x,y,w,h, with w and h over 0'

/**
 * Reads the region of an image request: https://iiif.io/api/image/3.0/#41-region
 * @throws AppError 400 "Invalid parameters"
 */
export function parseRegion(text: string): RegionOf {
  if (text === 'full') return ({ width, height }) => ({ left: 0, top: 0, width, height })
  if (text === 'square') return squareOf
  const isPercent = text.startsWith('pct:')
  const parts = text.slice(isPercent ? 'pct:'.length : 0).split(',')
  const numbers = parts.map((part) =>
    isPercent ? readDecimal(part) : readWhole(part, 0, Number.MAX_SAFE_INTEGER),
  )
  const [x, y, width, height] = numbers
  const isComplete =
    numbers.length === 4 && x !== undefined && y !== undefined && !!width && !!height
  if (!isComplete) throw wrongValue('region', text, RIGHT)
  return (image) => {
    const share = isPercent ? 100 : undefined
    const across = lengthWithin(x, width, image.width, share)
    const down = lengthWithin(y, height, image.height, share)
    if (!across || !down) {
      throw parametersInvalid(
        `region is ${quote(text)}; it must begin within the image, which has ${image.width} x ${image.height} pixels.`,
      )
    }
    return { left: across.start, top: down.start, width: across.length, height: down.length }
  }
}

/** In the middle of the longer side. */
function squareOf({ width, height }: Size): Area {
  const side = Math.min(width, height)
  return {
    left: Math.floor((width - side) / 2),
    top: Math.floor((height - side) / 2),
    width: side,
    height: side,
  }
}

/**
 * The part of a length that lies within a side; undefined if none does.
 * @param share how much of `start` and `length` makes the whole side; undefined if they are pixels
 */
function lengthWithin(start: number, length: number, side: number, share = side) {
  const pixels = (value: number) => Math.round((value / share) * side)
  if ((start / share) * side >= side) return undefined
  const from = Math.min(pixels(start), side - 1)
  return { start: from, length: Math.min(Math.max(1, pixels(length)), side - from) }
}
