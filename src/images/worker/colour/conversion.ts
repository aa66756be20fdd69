import type { Metadata, Sharp } from 'sharp'
import type { Format } from '../../formats.ts'
import type { Pixels } from '../decode.ts'
import { type Colour, SRGB_COLOUR } from './code-points.ts'
import { type Declared, readDeclared } from './declared.ts'
import { inksToRgb } from './inks.ts'
import { spaceOf, withProfile } from './profile.ts'
import { type Range, shareOf, toSrgb } from './to-srgb.ts'

/** What brings the pixels of an image to sRGB where the decoder does not do it by itself. */
export interface Conversion {
  by?: Means | undefined
  /** Opacity is from 16 to 235, and the decoder leaves it so. */
  isAlphaLimited: boolean
}

type Means =
  | { name: 'declaration'; colour: Colour; isDeep: boolean; range: Range }
  /** sharp turns deep images with a profile to Display P3 and leaves them there. */
  | { name: 'deep-profile' }
  /** sharp heeds one for gray in PNGs of 8 bits alone. In base64. */
  | { name: 'gray-profile'; profile: string; range: Range }
  /** CMYK without a usable profile, which the decoder would take for that of a certain press. */
  | { name: 'inks' }

/** Longer than any for gray needs to be: it goes from process to process. */
const MAX_GRAY_PROFILE_BYTES = 1024 * 1024

/** Finds it by the file's metadata and the head of the file; most need none. */
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
  { colour, isGrayLimited = false }: Declared,
): Means | undefined {
  if (space === 'cmyk') return icc && spaceOf(icc) === 'CMYK' ? undefined : { name: 'inks' }
  const isDeep = depth === 'ushort'
  if (hasProfile && !colour) {
    const isGray = icc && spaceOf(icc) === 'GRAY' && icc.length <= MAX_GRAY_PROFILE_BYTES
    if (isGray && (isDeep || format === 'avif')) {
      const range = rangeOf(8, isGrayLimited)
      return { name: 'gray-profile', profile: icc.toString('base64'), range }
    }
    return isDeep ? { name: 'deep-profile' } : undefined
  }
  if (!colour && !isGrayLimited) return undefined
  const range = rangeOf(isDeep ? bitsPerSample : 8, isGrayLimited)
  return { name: 'declaration', colour: colour ?? SRGB_COLOUR, isDeep, range }
}

/** Of more than 8 bits the decoder makes 16, of which the lower ones are zeros. */
function rangeOf(bits: number, isLimited: boolean): Range {
  const unit = bits > 8 ? 256 : 1
  if (isLimited) return { least: 16 * unit, most: 235 * unit }
  return { least: 0, most: bits > 8 ? 0x10000 - 2 ** (16 - bits) : 255 }
}

/** Whether the decoder is to leave alone what profile there is. */
export const ignoresProfile = (conversion: Conversion | undefined): boolean =>
  conversion?.by !== undefined && conversion.by.name !== 'deep-profile'

/** The pixels of an image that was opened and scaled, in sRGB. */
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
      // Raw pixels carry no profile out.
      return readPixels(image.withIccProfile('srgb'))
    case 'gray-profile':
      return applyGrayProfile(image, by)
    case 'inks':
      return convertInks(image)
    case 'declaration':
      return convertDeclared(image, by)
  }
}

async function readPixels(image: Sharp): Promise<Pixels> {
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

/** By way of gray pixels of 8 bits, which is what Chromium does. */
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

function requirePixels({
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
