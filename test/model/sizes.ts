/** The images at a size that scripts ask for, and the pixels that each must have. */

/** The test images differ in their widths. */
export const HEIGHT = 16
export const widthOf = (image: number): number => 20 + image

interface Pixels {
  width: number
  height: number
}

/** None is larger than the original, whatever the address says. */
const cut = (width: number) => (): Pixels => ({ width, height: HEIGHT })
const whole = (image: number): Pixels => ({ width: widthOf(image), height: HEIGHT })

/** By the options of an address. */
const SIZES: Readonly<Record<string, (image: number) => Pixels>> = {
  'w_80.webp': whole,
  'w_80,ar_1-1.jpg': cut(16),
  'w_160,ar_3-4.png': cut(12),
  'w_80,ar_1-2.auto': cut(8),
}

/** By the parameters of the IIIF Image API. */
const PARTS: Readonly<Record<string, (image: number) => Pixels>> = {
  'full/max/0/default.png': whole,
  'square/max/0/gray.jpg': cut(16),
}

/** By the options of the preset `thumb`. */
const PRESETS: Readonly<Record<string, (image: number) => Pixels>> = {
  'ar_1-1,gray_1': cut(16),
  'ar_3-4,q_40': cut(12),
  'ar_1-2,pos_left': cut(8),
}
export const PRESET_OPTIONS = Object.keys(PRESETS)

export interface AskedImage {
  by: 'id' | 'key' | 'iiif'
  /** The last part of the path. */
  options: string
}

const ADDRESSED = [...Object.keys(SIZES), 'thumb.webp', 'thumb,w_80.jpg']
export const ASKED: readonly AskedImage[] = [
  ...(['id', 'key'] as const).flatMap((by) => ADDRESSED.map((options) => ({ by, options }))),
  ...Object.keys(PARTS).map((options) => ({ by: 'iiif' as const, options })),
]

/** Those of every item, by its id. */
export const BY_ID: readonly string[] = Object.keys(SIZES)

export const isPreset = (options: string): boolean => options.startsWith('thumb')

/**
 * @param thumb the options of the preset
 * @returns undefined if there is no such preset
 */
export function sizeOf(
  image: number,
  options: string,
  thumb: string | undefined,
): Pixels | undefined {
  const find = isPreset(options) ? PRESETS[thumb ?? ''] : (SIZES[options] ?? PARTS[options])
  return find?.(image)
}
