import { thumbHashToDataURL } from 'thumbhash'

const toBytes = (thumbhash: string) =>
  Uint8Array.from(atob(thumbhash), (byte) => byte.charCodeAt(0))

/** The placeholder itself, to be shown in the image's place until that is there. */
export const toDataUrl = (thumbhash: string): string => thumbHashToDataURL(toBytes(thumbhash))

/**
 * Whether one can see through a part of the image: the uppermost bit of the third byte says so
 * (https://evanw.github.io/thumbhash/).
 */
export const isTransparent = (thumbhash: string): boolean =>
  ((toBytes(thumbhash)[2] ?? 0) & 0x80) !== 0
