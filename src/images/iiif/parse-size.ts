import { AppError, parametersInvalid, quote } from '../../base/errors.ts'
import { readWhole } from '../address/numbers.ts'
import { wrongValue } from '../address/parse-options.ts'
import { MAX_PIXELS, MAX_SIDE } from '../plan/plan-region.ts'
import type { Size } from '../plan/turn.ts'
import { readDecimal } from './read-decimal.ts'

/**
 * Finds the size that a region is scaled to, in whole pixels, not larger than the region.
 * @throws AppError 400 "Invalid parameters" if the size is not possible; 501 "Not implemented" if the region had to be
 *   enlarged
 */
export type SizeOf = (region: Size) => Size

/** Finds the size that is asked for, which need not be possible. */
type Asked = (region: Size, canGrow: boolean) => Size

const RIGHT =
  'max, pct:n, or one of w, and ,h and w,h and !w,h in whole pixels from 1; and may have ^ before it'

/**
 * Reads the size of an image request: https://iiif.io/api/image/3.0/#42-size
 * @throws AppError 400 "Invalid parameters"
 */
export function parseSize(text: string): SizeOf {
  const canGrow = text.startsWith('^')
  const asked = readForm(canGrow ? text.slice(1) : text)
  if (!asked) throw wrongValue('size', text, RIGHT)
  return (region) => {
    const size = asked(region, canGrow)
    const problem = problemOf(size, region)
    if (problem === undefined) return size
    const detail = `size is ${quote(text)}, which makes ${size.width} x ${size.height} pixels of a region of ${region.width} x ${region.height}; ${problem}`
    const isGrown = size.width > region.width || size.height > region.height
    throw canGrow && isGrown ? notImplemented(detail) : parametersInvalid(detail)
  }
}

function readForm(form: string): Asked | undefined {
  if (form === 'max') return (region, canGrow) => scaleWithin(region, canGrow ? Infinity : 1)
  if (form.startsWith('pct:')) {
    const percent = readDecimal(form.slice('pct:'.length))
    if (!percent) return undefined
    return ({ width, height }) => ({
      width: Math.round((width * percent) / 100),
      height: Math.round((height * percent) / 100),
    })
  }
  const [, bang, across = '', down = ''] = /^(!?)(\d*),(\d*)$/.exec(form) ?? []
  const width = readSide(across)
  const height = readSide(down)
  if (width !== undefined && height !== undefined) {
    return bang === '!' ? intoBox({ width, height }) : () => ({ width, height })
  }
  if (bang === '!') return undefined
  if (width !== undefined && down === '') {
    return (region) => ({ width, height: Math.round((region.height * width) / region.width) })
  }
  if (height !== undefined && across === '') {
    return (region) => ({ width: Math.round((region.width * height) / region.height), height })
  }
  return undefined
}

const readSide = (text: string) => readWhole(text, 1, Number.MAX_SAFE_INTEGER)

const intoBox =
  (box: Size): Asked =>
  (region, canGrow) => {
    const factor = Math.min(box.width / region.width, box.height / region.height)
    return scaleWithin(region, canGrow ? factor : Math.min(factor, 1))
  }

/** Scales by a factor, or by as much less as the limits of a result demand. Always gives an image. */
function scaleWithin({ width, height }: Size, most: number): Size {
  const limit = Math.min(
    MAX_SIDE / Math.max(width, height),
    Math.sqrt(MAX_PIXELS / (width * height)),
  )
  const round = most < limit ? Math.round : Math.floor
  const factor = Math.min(most, limit)
  // The addend keeps what is whole from falling, as 8191.999… would.
  const scaled = (pixels: number) => Math.max(1, round(pixels * factor + 1e-6))
  return { width: scaled(width), height: scaled(height) }
}

/** Why a size is not possible. */
function problemOf({ width, height }: Size, region: Size): string | undefined {
  if (width > region.width || height > region.height) return 'images are not enlarged.'
  if (width < 1 || height < 1) return 'each side must have at least 1 pixel.'
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    return `at most ${MAX_SIDE} pixels on a side and ${MAX_PIXELS} in all are possible.`
  }
  return undefined
}

const notImplemented = (detail: string) =>
  new AppError('not-implemented', 501, 'Not implemented', { detail })
