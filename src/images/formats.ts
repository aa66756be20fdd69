/**
 * The accepted formats, in the order in which texts name them. The first keys are sharp's names, except for AVIF, which
 * sharp calls `heif`.
 */
export const FORMATS = {
  jpeg: { type: 'image/jpeg', extension: 'jpg', name: 'JPEG' },
  png: { type: 'image/png', extension: 'png', name: 'PNG' },
  webp: { type: 'image/webp', extension: 'webp', name: 'WebP' },
  gif: { type: 'image/gif', extension: 'gif', name: 'GIF' },
  avif: { type: 'image/avif', extension: 'avif', name: 'AVIF' },
  heic: { type: 'image/heic', extension: 'heic', name: 'HEIC' },
  tiff: { type: 'image/tiff', extension: 'tif', name: 'TIFF' },
  svg: { type: 'image/svg+xml', extension: 'svg', name: 'SVG' },
  jxl: { type: 'image/jxl', extension: 'jxl', name: 'JPEG XL' },
  bmp: { type: 'image/bmp', extension: 'bmp', name: 'BMP' },
} as const

export type Format = keyof typeof FORMATS
export type ImageType = (typeof FORMATS)[Format]['type']
export type ImageExtension = (typeof FORMATS)[Format]['extension']

export const ALL_FORMATS = Object.keys(FORMATS) as readonly Format[]

/** "JPEG, PNG and GIF images", for texts. `Intl.ListFormat` would add 4 MB to a server that starts. */
export function namesOf(formats: readonly Format[]): string {
  const names = formats.map((format) => FORMATS[format].name)
  const last = names.pop() ?? ''
  return `${names.length > 0 ? `${names.join(', ')} and ${last}` : last} images`
}
