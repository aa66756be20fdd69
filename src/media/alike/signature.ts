import { toOklab } from '../filter/colors.ts'

/*
 * A signature of an image, for finding images that look alike: the lowest frequencies of its thumbhash, and its
 * proportions. The distance of two signatures is that of the blurred images: the root mean square of the differences of
 * their pixels, with channels from 0 to 1 (Parseval's theorem).
 *
 * A thumbhash holds the coefficients of a cosine transform of lightness L and of two colour channels P and Q:
 * https://github.com/evanw/thumbhash
 */

/** Numbers of the vector of an image. */
export const IMAGE_DIMENSIONS = 17
/** Numbers of the vector of a colour: OKLab. */
export const COLOR_DIMENSIONS = 3

/** How many steps of a vector a distance of 1 has. Numbers fit into 8 bits. */
export const STEPS = 100
const MAX_STEP = 127

/** The frequencies of lightness that are compared, as columns and rows. */
const LIGHTNESS = [
  [1, 0],
  [2, 0],
  [3, 0],
  [0, 1],
  [1, 1],
  [2, 1],
  [0, 2],
  [1, 2],
  [0, 3],
] as const
const COLOR = [
  [1, 0],
  [0, 1],
] as const

/**
 * What a step of P and Q changes in red, green and blue, as a root mean square: r and g by P/3, b by -2P/3, r by Q/2,
 * g by -Q/2.
 */
const P_WEIGHT = Math.sqrt(2 / 9)
const Q_WEIGHT = Math.sqrt(1 / 6)
/** An image twice as wide is this far away. */
const PROPORTION_WEIGHT = 0.25

/**
 * Writes the vector of an image.
 * @param thumbhash base64
 * @param proportion width by height
 * @param into gets `IMAGE_DIMENSIONS` numbers; zeros if the thumbhash cannot be read
 */
export function writeImageVector(thumbhash: string, proportion: number, into: Int8Array): void {
  into.fill(0)
  const hash = Buffer.from(thumbhash, 'base64')
  if (hash.length < 5) return
  const header = hash.readUIntLE(0, 3)
  const more = hash.readUInt16LE(3)
  const hasAlpha = (header >> 23) & 1
  const isLandscape = (more >> 15) & 1
  const long = hasAlpha ? 5 : 7
  const columns = Math.max(3, isLandscape ? long : more & 7)
  const rows = Math.max(3, isLandscape ? more & 7 : long)

  let index = 0
  const put = (value: number) => {
    into[index++] = toStep(value)
  }
  /** The coefficients of a channel, in rows of 8. */
  const found = new Float64Array(64)
  let place = 2 * (hasAlpha ? 6 : 5)
  /** Reads the coefficients of a channel, and puts those of some frequencies. */
  const putChannel = (
    nx: number,
    ny: number,
    scale: number,
    weight: number,
    wanted: readonly (readonly [number, number])[],
  ) => {
    found.fill(0)
    for (let cy = 0; cy < ny; cy++) {
      for (let cx = cy > 0 ? 0 : 1; cx * ny < nx * (ny - cy); cx++) {
        const digit = ((hash[place >> 1] ?? 0) >> ((place & 1) << 2)) & 15
        place += 1
        found[8 * cy + cx] = (digit / 7.5 - 1) * scale
      }
    }
    for (const [cx, cy] of wanted) {
      // 2·a·cos·cos has a mean square of a², and 2·a·cos one of 2·a².
      const norm = cx > 0 && cy > 0 ? 1 : Math.SQRT2
      put((found[8 * cy + cx] ?? 0) * norm * weight)
    }
  }
  put((header & 63) / 63)
  put((((header >> 6) & 63) / 31.5 - 1) * P_WEIGHT)
  put((((header >> 12) & 63) / 31.5 - 1) * Q_WEIGHT)
  putChannel(columns, rows, ((header >> 18) & 31) / 31, 1, LIGHTNESS)
  putChannel(3, 3, (((more >> 3) & 63) / 63) * 1.25, P_WEIGHT, COLOR)
  putChannel(3, 3, (((more >> 9) & 63) / 63) * 1.25, Q_WEIGHT, COLOR)
  put(Math.log2(proportion) * PROPORTION_WEIGHT)
}

/**
 * Writes the vector of a colour.
 * @param color `#rrggbb`
 * @param into gets `COLOR_DIMENSIONS` numbers; zeros, as of black, for any other text
 */
export function writeColorVector(color: string, into: Int8Array): void {
  into.fill(0)
  if (!/^#[0-9a-f]{6}$/i.test(color)) return
  for (const [index, value] of toOklab(color).entries()) into[index] = toStep(value)
}

const toStep = (value: number) =>
  Math.max(-MAX_STEP, Math.min(MAX_STEP, Math.round((Number.isFinite(value) ? value : 0) * STEPS)))
