import type { OutputFormat } from '../address/options.ts'
import { MAX_PIXELS, MAX_SIDE } from '../plan/plan-region.ts'
import type { Size } from '../plan/turn.ts'
import { factorsOf, levelSize, TILE } from './grid.ts'

export const CONTEXT = 'http://iiif.io/api/image/3/context.json'
/** Names the level of compliance in answers: https://iiif.io/api/image/3.0/#6-compliance-level-and-profile-document */
export const PROFILE_LINK = '<http://iiif.io/api/image/3/level2.json>;rel="profile"'

/** Level 2 has these. */
const OF_LEVEL: readonly OutputFormat[] = ['jpg', 'png']
/** Below it, a smaller size is not worth a request. */
const SMALLEST = 128

/**
 * What a client must know of an image: https://iiif.io/api/image/3.0/#5-image-information
 *
 * @param id the base URI of the image
 * @param image the size of the upright original
 * @param formats those that the server sends
 */
export const infoOf = (id: string, image: Size, formats: readonly OutputFormat[]) => ({
  '@context': CONTEXT,
  id,
  type: 'ImageService3',
  protocol: 'http://iiif.io/api/image',
  profile: 'level2',
  width: image.width,
  height: image.height,
  maxWidth: MAX_SIDE,
  maxHeight: MAX_SIDE,
  maxArea: MAX_PIXELS,
  sizes: sizesOf(image),
  tiles: [{ width: TILE, height: TILE, scaleFactors: factorsOf(image) }],
  extraFormats: formats.filter((format) => !OF_LEVEL.includes(format)),
  // `bitonal` is missing: libraries hold photographs, of which it shows little.
  extraQualities: ['color', 'gray'],
  extraFeatures: ['canonicalLinkHeader', 'mirroring', 'profileLinkHeader'],
})

/** Halves of the image within the limits, ascending. */
function sizesOf(image: Size): Size[] {
  const sizes: Size[] = []
  for (let factor = 1; ; factor *= 2) {
    const size = levelSize(image, factor)
    const isSmall = Math.max(size.width, size.height) < SMALLEST
    if (isSmall && sizes.length > 0) return sizes
    if (isWithinLimits(size)) sizes.unshift(size)
    if (isSmall) return sizes
  }
}

const isWithinLimits = ({ width, height }: Size): boolean =>
  width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_PIXELS
