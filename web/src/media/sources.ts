import type { MediaItem } from '../api/client'

/** Widths that servers offer by default, in pixels. A server with others redirects to its next one up. */
const LADDER = [
  80, 160, 240, 320, 400, 480, 640, 800, 960, 1200, 1440, 1600, 1920, 2560, 3200, 3840,
]

/** The variant `scaled` fits into a square of this size, in pixels. */
export const SCALED = 400

type Pictured = Pick<MediaItem, 'width' | 'height' | 'frames' | 'urls'>

/** The attribute `sizes` of an image that is shown in this width, in pixels of the page. */
export const sizesOf = (width: number): string => `${Math.max(1, Math.round(width))}px`

/**
 * Pixels that the image has which a browser chooses for a width.
 * @param width in pixels of the screen
 */
export const loadedWidth = (item: Pick<MediaItem, 'width'>, width: number): number =>
  Math.min(item.width, LADDER.find((step) => step >= width) ?? Number(LADDER.at(-1)))

/** Candidates for the attribute `srcset`: all widths up to the first one that has all pixels of the image. */
export const sourcesOf = ({ width, urls }: Pick<MediaItem, 'width' | 'urls'>): string =>
  listSteps(width, urls.template, 0).join(', ')

/**
 * Candidates for a small picture. The variant `scaled` takes the place of all widths up to its own: every image has it
 * already, while the server makes each width when it is first asked for.
 *
 * @returns undefined if `scaled` is the only one. Widths of an animation would move.
 */
export function smallSourcesOf({ width, height, frames, urls }: Pictured): string | undefined {
  const fit = Math.min(1, SCALED / Math.max(width, height))
  const own = Math.max(1, Math.round(width * fit))
  const larger = frames > 1 || fit === 1 ? [] : listSteps(width, urls.template, own)
  return larger.length > 0 ? [`${urls.scaled} ${own}w`, ...larger].join(', ') : undefined
}

function listSteps(width: number, template: string, above: number): string[] {
  const whole = LADDER.find((step) => step >= width) ?? Number.POSITIVE_INFINITY
  return LADDER.filter((step) => step > above && step <= whole).map(
    (step) => `${template.replace('{width}', `${step}`)} ${Math.min(step, width)}w`,
  )
}
