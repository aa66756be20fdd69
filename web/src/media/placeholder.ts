import { thumbHashToDataURL } from 'thumbhash'

const toBytes = (thumbhash: string) =>
  Uint8Array.from(atob(thumbhash), (byte) => byte.charCodeAt(0))

/** The placeholder as a `data:` URL, shown until the image is loaded. */
export const toDataUrl = (thumbhash: string): string => thumbHashToDataURL(toBytes(thumbhash))

/**
 * Whether a part of the image is transparent: the highest bit of the third byte of a ThumbHash
 * (https://evanw.github.io/thumbhash/).
 */
export const isTransparent = (thumbhash: string): boolean =>
  ((toBytes(thumbhash)[2] ?? 0) & 0x80) !== 0
