import type { ExpandedTags } from 'exifreader'

/** The tags of EXIF that are read. Others are not even decoded. */
export const EXIF_TAGS = [
  'ImageDescription',
  'Artist',
  'Copyright',
  'Make',
  'Model',
  'Software',
  'CameraSerialNumber',
  'DateTimeOriginal',
  'OffsetTimeOriginal',
  'ExposureTime',
  'FNumber',
  'ISOSpeedRatings',
  'FocalLength',
  'FocalLengthIn35mmFilm',
  'LensModel',
  'BodySerialNumber',
  'LensSerialNumber',
  'GPSLatitude',
  'GPSLatitudeRef',
  'GPSLongitude',
  'GPSLongitudeRef',
] as const

export const IPTC_TAGS = [
  'Coded Character Set',
  'Keywords',
  'Date Created',
  'Time Created',
  'By-line',
  'Credit',
  'Copyright Notice',
  'Caption/Abstract',
] as const

type ExifTag = (typeof EXIF_TAGS)[number]
type IptcTag = (typeof IPTC_TAGS)[number]

/** A value as the reader gives it. Its form depends on the file. */
interface Tag {
  value?: unknown
  description?: unknown
  attributes?: unknown
}

/** The tags of a file, by the names that the reader gives them. XMP names have no prefix. */
export interface EmbeddedTags {
  exif: Partial<Record<ExifTag, unknown>>
  iptc: Partial<Record<IptcTag, unknown>>
  xmp: Readonly<Record<string, unknown>>
  /** The texts of XMP documents, also of those that are not parsed. */
  documents: readonly string[]
}

export const embeddedTags = (
  { exif, iptc, xmp }: ExpandedTags,
  documents: readonly string[],
): EmbeddedTags => ({ exif: exif ?? {}, iptc: iptc ?? {}, xmp: xmp ?? {}, documents })

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const asTag = (tag: unknown): Tag => (isObject(tag) ? tag : {})

/** The first of these texts that says something. */
export const firstText = (...texts: readonly (string | undefined)[]): string | undefined =>
  texts.find((text) => text !== undefined && /[^\s\0]/.test(text))

const joined = (texts: readonly string[], separator = ', '): string | undefined =>
  firstText(texts.filter((text) => text.trim() !== '').join(separator))

/** Texts of EXIF end at a NUL. Only `Copyright` has several: the photographer's and the editor's. */
export function exifTexts(tag: unknown): readonly string[] {
  const { value } = asTag(tag)
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : []
}

export const exifText = (tag: unknown): string | undefined => firstText(...exifTexts(tag))

/** A number of EXIF: the first one, or the first quotient. */
export function exifNumber(tag: unknown): number | undefined {
  const { value } = asTag(tag)
  const [first, second] = Array.isArray(value) ? value.flat() : [value]
  if (typeof first !== 'number') return undefined
  const isQuotient = Array.isArray(value) && value.length === 2 && typeof second === 'number'
  return finite(isQuotient ? first / second : first)
}

export const finite = (number: number): number | undefined =>
  Number.isFinite(number) ? number : undefined

/** All values of a dataset of IPTC that may be repeated. */
export const iptcTexts = (tag: unknown): readonly string[] =>
  (Array.isArray(tag) ? tag : [tag]).flatMap((each) => {
    const { description } = asTag(each)
    return typeof description === 'string' ? description.split('\0', 1) : []
  })

export const iptcText = (tag: unknown): string | undefined => joined(iptcTexts(tag))

/** Reads the bytes of a dataset as ASCII, because the reader changes the form of dates and times. */
export function iptcAscii(tag: unknown): string {
  const { value } = asTag(tag)
  const bytes = Array.isArray(value) ? value.filter((byte) => typeof byte === 'number') : []
  return String.fromCharCode(...bytes.slice(0, 64))
}

/** The values of an array of XMP, or its one value. */
export function xmpTexts(tag: unknown): readonly string[] {
  const { value } = asTag(tag)
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value)) return []
  return value.map((item) => asTag(item).value).filter((text) => typeof text === 'string')
}

export const xmpList = (tag: unknown): string | undefined => joined(xmpTexts(tag))

/** A text of XMP. Of alternatives in several languages: the default one, which is marked or the first. */
export function xmpText(tag: unknown): string | undefined {
  const { value } = asTag(tag)
  const items: readonly unknown[] = Array.isArray(value) ? value : []
  const marked = items.find((item) => {
    const { attributes } = asTag(item)
    return isObject(attributes) && attributes.lang === 'x-default'
  })
  return firstText(...(marked === undefined ? [] : xmpTexts(marked)), ...xmpTexts(tag))
}

/** A number of XMP: `28/10` or `2.8`. */
export function xmpNumber(tag: unknown): number | undefined {
  const [text = ''] = xmpTexts(tag)
  const [, over, under = '1'] = /^\s*([+-]?\d+(?:\.\d+)?)(?:\/(\d+))?\s*$/.exec(text) ?? []
  return over === undefined ? undefined : finite(Number(over) / Number(under))
}
