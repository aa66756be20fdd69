/** CIE 1931 x and y of red, green, blue and white. */
export type Chromaticities = readonly [
  redX: number,
  redY: number,
  greenX: number,
  greenY: number,
  blueX: number,
  blueY: number,
  whiteX: number,
  whiteY: number,
]

export const SRGB: Chromaticities = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329]
export const BT2020: Chromaticities = [0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329]
const SMPTE_170M: Chromaticities = [0.63, 0.34, 0.31, 0.595, 0.155, 0.07, 0.3127, 0.329]

/** ColourPrimaries of ITU-T H.273 (07/2024), table 2. */
export const PRIMARIES: ReadonlyMap<number, Chromaticities> = new Map([
  [1, SRGB],
  [4, [0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.31, 0.316]],
  [5, [0.64, 0.33, 0.29, 0.6, 0.15, 0.06, 0.3127, 0.329]],
  [6, SMPTE_170M],
  [7, SMPTE_170M],
  [8, [0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.31, 0.316]],
  [9, BT2020],
  [10, [1, 0, 0, 1, 0, 0, 1 / 3, 1 / 3]],
  [11, [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351]],
  [12, [0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329]],
  [22, [0.63, 0.34, 0.295, 0.605, 0.155, 0.077, 0.3127, 0.329]],
])

/** Maps a value from 0 to 1 to light: 1 is diffuse white, and HDR light can exceed 1. */
type Decode = (value: number) => number

const power =
  (exponent: number): Decode =>
  (value) =>
    value ** exponent

const decodeSrgb: Decode = (value) =>
  value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4

const decodeSmpte240M: Decode = (value) =>
  value < 0.0912 ? value / 4 : ((value + 0.1115) / 1.1115) ** (1 / 0.45)

/** Digital cinema. Its coded white is brighter than the projector's white. */
const decodeSmpte428: Decode = (value) => (value ** 2.6 * 52.37) / 48

/** Diffuse white of HDR images, in candela per square metre: ITU-R BT.2408. */
export const DIFFUSE_WHITE = 203

/** SMPTE ST 2084. */
const decodePq: Decode = (value) => {
  const root = value ** (1 / 78.84375)
  const light = Math.max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
  return (light ** (1 / 0.1593017578125) * 10_000) / DIFFUSE_WHITE
}

/** ITU-R BT.2100: gives scene light. The OOTF turns it into display light. */
const decodeHlg: Decode = (value) =>
  value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12

const SRGB_TRANSFER = 13
export const PQ = 16
export const HLG = 18

/**
 * TransferCharacteristics of ITU-T H.273 (07/2024), table 3, as browsers show them. Camera transfers are
 * decoded for the display they are made for: gamma 2.4 for BT.709 and related ones (ITU-R BT.1886).
 */
export const TRANSFERS: ReadonlyMap<number, Decode> = new Map([
  [1, power(2.4)],
  [4, power(2.2)],
  [5, power(2.8)],
  [6, power(2.4)],
  [7, decodeSmpte240M],
  [8, power(1)],
  [11, power(2.4)],
  [SRGB_TRANSFER, decodeSrgb],
  [14, power(2.4)],
  [15, power(2.4)],
  [PQ, decodePq],
  [17, decodeSmpte428],
  [HLG, decodeHlg],
])

/** The meaning of an image's pixel values, if they are not sRGB. */
export interface Colour {
  primaries: Chromaticities
  /** How pixel values become light: a code point of ITU-T H.273, or the exponent of a power law. */
  transfer: { code: number } | { exponent: number }
  /** Brightest pixel of an HDR image in candela per square metre, if the file says it. */
  peak?: number | undefined
}

/** Code points of ITU-T H.273, as in `cICP` and `nclx`. */
export interface CodePoints {
  primaries: number
  transfer: number
}

/** @returns undefined if a code point is unknown */
export function colourOf(
  { primaries, transfer }: CodePoints,
  peak?: number | undefined,
): Colour | undefined {
  const chromaticities = PRIMARIES.get(primaries)
  if (!chromaticities || !TRANSFERS.has(transfer)) return undefined
  return { primaries: chromaticities, transfer: { code: transfer }, peak }
}

export const isSrgb = ({ primaries, transfer }: CodePoints): boolean =>
  primaries === 1 && transfer === SRGB_TRANSFER

/** sRGB, for callers that need an explicit colour. */
export const SRGB_COLOUR: Colour = { primaries: SRGB, transfer: { code: SRGB_TRANSFER } }

/** What a file declares about its pixels by other means than an ICC profile. */
export interface Declared {
  /** Set if the pixels must be converted. It overrides an ICC profile of the file. */
  colour?: Colour | undefined
  /** Whether gray uses the limited range (16 is black, 235 is white), which the decoder does not expand. */
  isGrayLimited?: boolean
  /** The same for opacity. */
  isAlphaLimited?: boolean
}
