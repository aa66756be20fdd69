/** The accepted formats. The keys are sharp's names, except for AVIF, which sharp calls `heif`. */
export const FORMATS = {
  jpeg: { type: 'image/jpeg', extension: 'jpg', name: 'JPEG' },
  png: { type: 'image/png', extension: 'png', name: 'PNG' },
  webp: { type: 'image/webp', extension: 'webp', name: 'WebP' },
  gif: { type: 'image/gif', extension: 'gif', name: 'GIF' },
  avif: { type: 'image/avif', extension: 'avif', name: 'AVIF' },
} as const

export type Format = keyof typeof FORMATS
export type ImageType = (typeof FORMATS)[Format]['type']
export type ImageExtension = (typeof FORMATS)[Format]['extension']

export const ACCEPTED = 'JPEG, PNG, WebP, GIF and AVIF images are accepted'
