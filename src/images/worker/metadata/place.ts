import type { FileMetadata } from '../../file-metadata.ts'
import { type EmbeddedTags, exifText, isObject, xmpText } from './embedded-tags.ts'

type Place = NonNullable<FileMetadata['location']>

/** 0.1 m. */
const DECIMALS = 6

/**
 * Where the image was taken. A receiver without a signal writes zeros, so the point at 0, 0 counts as none.
 * @returns degrees; undefined unless both are there, with their hemispheres
 */
export function findPlace({ exif, xmp }: EmbeddedTags): Place | undefined {
  return (
    placeOf(xmpDegrees(xmp.GPSLatitude, 'NS'), xmpDegrees(xmp.GPSLongitude, 'EW')) ??
    placeOf(
      exifDegrees(exif.GPSLatitude, exif.GPSLatitudeRef, 'NS'),
      exifDegrees(exif.GPSLongitude, exif.GPSLongitudeRef, 'EW'),
    )
  )
}

function placeOf(lat: number | undefined, lon: number | undefined): Place | undefined {
  if (lat === undefined || lon === undefined || (lat === 0 && lon === 0)) return undefined
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined
  return { lat: Number(lat.toFixed(DECIMALS)), lon: Number(lon.toFixed(DECIMALS)) }
}

/** The two hemispheres of a coordinate: the positive one first. */
type Hemispheres = 'NS' | 'EW'

function toDegrees(parts: readonly number[], letter: string, hemispheres: Hemispheres) {
  const [degrees = 0, minutes = 0, seconds = 0] = parts
  const sign = [1, -1][hemispheres.indexOf(letter)]
  const value = degrees + minutes / 60 + seconds / 3600
  return sign !== undefined && Number.isFinite(value) && value >= 0 ? sign * value : undefined
}

/** Degrees, minutes and seconds, each a quotient. A last one of 0/0 is not known. */
function exifDegrees(tag: unknown, reference: unknown, hemispheres: Hemispheres) {
  const value = isObject(tag) ? tag.value : undefined
  const letter = exifText(reference)?.trim().toUpperCase() ?? ''
  if (!Array.isArray(value) || value.length !== 3 || letter.length !== 1) return undefined
  const parts = value.map((part, index) => {
    const [over, under] = Array.isArray(part) ? part : []
    return index > 0 && over === 0 && under === 0 ? 0 : Number(over) / Number(under)
  })
  return toDegrees(parts, letter, hemispheres)
}

/** `48,51.5N` or `48,51,30N` */
const XMP_COORDINATE = /^(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])$/

function xmpDegrees(tag: unknown, hemispheres: Hemispheres) {
  const [, degrees, minutes, seconds = '0', letter = ''] =
    XMP_COORDINATE.exec(xmpText(tag)?.trim() ?? '') ?? []
  return toDegrees([degrees, minutes, seconds].map(Number), letter, hemispheres)
}
