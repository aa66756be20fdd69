import type { Metadata, Sharp } from 'sharp'
import type { Format } from '../../formats.ts'
import { type Colour, colourOf, type Declared, HLG, PQ, SRGB_COLOUR } from './code-points.ts'
import { readDeclared } from './declared.ts'
import { codePointsOf, spaceOf, withProfile } from './profile.ts'
import { type Range, shareOf, toSrgb } from './to-srgb.ts'

/** sRGB, 8 bits per channel, upright. */
export interface Pixels {
  data: Buffer
  width: number
  height: number
  channels: 3 | 4
}

/** Converts the pixels of an image to sRGB where the decoder does not do it by itself. */
export interface Conversion {
  by?: Means | undefined
  /** Whether opacity ranges from 16 to 235. The decoder does not expand it. */
  isAlphaLimited: boolean
}

type Means =
  | { name: 'declaration'; colour: Colour; isDeep: boolean; range: Range }
  /** sharp converts 16-bit images with a profile to Display P3 and leaves them in it. */
  | { name: 'deep-profile' }
  /** sharp applies a gray profile only in some images of 8 bits. `profile` is base64. */
  | { name: 'gray-profile'; profile: string; range: Range }
  /** CMYK without a usable profile. The decoder would assume the profile of a certain press. */
  | { name: 'inks' }

/** Larger than any gray profile needs to be. A bound, because the profile is sent between processes. */
const MAX_GRAY_PROFILE_BYTES = 1024 * 1024

/** Formats of which sharp does not apply a gray profile at any depth. */
const DROPS_GRAY_PROFILE: readonly Format[] = ['avif', 'heic', 'tiff', 'jxl', 'bmp']

/** Finds the conversion by the file's metadata and its first bytes. Most files need none. */
export async function findConversion(
  path: string,
  format: Format,
  metadata: Metadata,
): Promise<Conversion | undefined> {
  const declared = await readDeclared(path, format)
  const by = chooseMeans(format, metadata, declared)
  const { isAlphaLimited = false } = declared
  return by || isAlphaLimited ? { by, isAlphaLimited } : undefined
}

function chooseMeans(
  format: Format,
  { space, depth, bitsPerSample = 16, hasProfile, icc }: Metadata,
  { colour = colourOfHdrProfile(format, icc), isGrayLimited = false }: Declared,
): Means | undefined {
  if (space === 'cmyk') return icc && spaceOf(icc) === 'CMYK' ? undefined : { name: 'inks' }
  const isDeep = depth === 'ushort'
  if (hasProfile && !colour) {
    const isGray = icc && spaceOf(icc) === 'GRAY' && icc.length <= MAX_GRAY_PROFILE_BYTES
    if (isGray && (isDeep || DROPS_GRAY_PROFILE.includes(format))) {
      const range = rangeOf(8, isGrayLimited)
      return { name: 'gray-profile', profile: icc.toString('base64'), range }
    }
    return isDeep ? { name: 'deep-profile' } : undefined
  }
  if (!colour && !isGrayLimited) return undefined
  const range = rangeOf(isDeep ? bitsPerSample : 8, isGrayLimited)
  return { name: 'declaration', colour: colour ?? SRGB_COLOUR, isDeep, range }
}

/**
 * The curves of an HDR profile are one way to show it; browsers go by the numbers in it. The decoder of JPEG XL makes such
 * a profile of what the file declares.
 */
function colourOfHdrProfile(format: Format, icc: Buffer | undefined): Colour | undefined {
  const codePoints = format === 'jxl' && icc ? codePointsOf(icc) : undefined
  return codePoints && [PQ, HLG].includes(codePoints.transfer) ? colourOf(codePoints) : undefined
}

/** The decoder turns more than 8 bits into 16, with zeros in the lower bits. */
function rangeOf(bits: number, isLimited: boolean): Range {
  const unit = bits > 8 ? 256 : 1
  if (isLimited) return { least: 16 * unit, most: 235 * unit }
  return { least: 0, most: bits > 8 ? 0x10000 - 2 ** (16 - bits) : 255 }
}

/** Whether the decoder must ignore the image's profile. */
export const ignoresProfile = (conversion: Conversion | undefined): boolean =>
  conversion?.by !== undefined && conversion.by.name !== 'deep-profile'

/** Reads the pixels of an opened and scaled image, in sRGB. */
export async function toPixels(
  image: Sharp,
  { by, isAlphaLimited }: Conversion = { isAlphaLimited: false },
): Promise<Pixels> {
  const pixels = await convert(image, by)
  if (isAlphaLimited && pixels.channels === 4) {
    const { data } = pixels
    for (let at = 3; at < data.length; at += 4) data[at] = expand(data[at], rangeOf(8, true))
  }
  return pixels
}

const expand = (value = 0, range: Range): number => Math.round(shareOf(value, range) * 255)

function convert(image: Sharp, by: Means | undefined): Promise<Pixels> {
  switch (by?.name) {
    case undefined:
      return readPixels(image)
    case 'deep-profile':
      // The output is raw pixels, so the profile itself is not written.
      return readPixels(image.withIccProfile('srgb'))
    case 'gray-profile':
      return applyGrayProfile(image, by)
    case 'inks':
      return convertInks(image)
    case 'declaration':
      return convertDeclared(image, by)
  }
}

/** Reads the pixels of an image that is in sRGB. */
export async function readPixels(image: Sharp): Promise<Pixels> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  return { ...requirePixels(info), data }
}

async function convertDeclared(
  image: Sharp,
  { colour, isDeep, range }: { colour: Colour; isDeep: boolean; range: Range },
): Promise<Pixels> {
  if (!isDeep) {
    const { data, ...pixels } = await readPixels(image)
    return { ...pixels, data: toSrgb(data, pixels.channels, range, colour) }
  }
  const { data, info } = await image
    .toColourspace('rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true })
  const pixels = requirePixels(info)
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
  return { ...pixels, data: toSrgb(values, pixels.channels, range, colour) }
}

/** Converts by way of 8-bit gray pixels, as Chromium does. */
async function applyGrayProfile(
  image: Sharp,
  { profile, range }: { profile: string; range: Range },
): Promise<Pixels> {
  const { data, width, height, channels } = await readPixels(image)
  const hasAlpha = channels === 4
  const step = hasAlpha ? 2 : 1
  const gray = Buffer.allocUnsafe(width * height * step)
  for (let from = 0, to = 0; from < data.length; from += channels, to += step) {
    gray[to] = expand(data[from], range)
    if (hasAlpha) gray[to + 1] = data[from + 3] ?? 0
  }
  const raw = { width, height, channels: step } as const
  return readPixels(await withProfile(gray, raw, Buffer.from(profile, 'base64')))
}

async function convertInks(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  if ((channels as number) !== 4) throw new Error(`Decoded to ${channels} inks`)
  return { data: inksToRgb(data), width, height, channels: 3 }
}

export function requirePixels({
  width,
  height,
  channels,
}: {
  width: number
  height: number
  channels: number
}): Omit<Pixels, 'data'> {
  if (channels !== 3 && channels !== 4) throw new Error(`Decoded to ${channels} channels`)
  return { width, height, channels }
}

/**
 * Converts cyan, magenta, yellow and black without a profile as browsers do: the light that one ink leaves,
 * multiplied by the light that black leaves.
 */
function inksToRgb(inks: Buffer): Buffer {
  const rgb = Buffer.allocUnsafe((inks.length / 4) * 3)
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - (inks[from + 3] ?? 0)
    for (let ink = 0; ink < 3; ink++) {
      rgb[to + ink] = Math.round(((255 - (inks[from + ink] ?? 0)) * light) / 255)
    }
  }
  return rgb
}
