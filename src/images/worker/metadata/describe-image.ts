import { type CameraData, type FileMetadata, REVEALED, type Revealed } from '../../file-metadata.ts'
import type { Header } from '../tasks.ts'
import {
  type EmbeddedTags,
  exifNumber,
  exifText,
  exifTexts,
  firstText,
  iptcText,
  iptcTexts,
  isObject,
  xmpList,
  xmpNumber,
  xmpText,
  xmpTexts,
} from './embedded-tags.ts'
import { findPlace } from './place.ts'
import { findFaces, findFocus } from './regions.ts'
import { findTimeTaken } from './time-taken.ts'

/**
 * What the tags of a file say of its image. Where they disagree, XMP counts before IPTC and IPTC before EXIF, as the
 * Metadata Working Group has it.
 */
export function describeImage(tags: EmbeddedTags, header: Header): FileMetadata {
  const { exif, iptc, xmp } = tags
  const subjects = xmpTexts(xmp.subject)
  const keywords = subjects.length > 0 ? subjects : iptcTexts(iptc.Keywords)
  const rating = xmpNumber(xmp.Rating)
  const camera = describeCamera(tags)
  const texts = {
    alt: xmpText(xmp.AltTextAccessibility),
    description: firstText(
      ...[
        xmpText(xmp.description),
        iptcText(iptc['Caption/Abstract']),
        exifText(exif.ImageDescription),
      ].filter((text) => text === undefined || !isStock(text)),
    ),
    credit: firstText(
      xmpText(xmp.Credit),
      xmpList(xmp.creator),
      iptcText(iptc['By-line']),
      iptcText(iptc.Credit),
      exifText(exif.Artist),
    ),
    copyright: firstText(
      xmpText(xmp.rights),
      iptcText(iptc['Copyright Notice']),
      exifTexts(exif.Copyright)
        .filter((text) => text.trim() !== '')
        .join('; '),
    ),
    takenAt: findTimeTaken(tags),
  }
  return {
    ...pickDefined({
      ...texts,
      rating,
      focus: findFocus(xmp, header),
      location: findPlace(tags),
    }),
    ...(keywords.length > 0 && { keywords: [...keywords] }),
    ...(Object.keys(camera).length > 0 && { exif: camera }),
    reveals: findRevealed(tags),
  }
}

type Defined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

const pickDefined = <T extends object>(members: T): Defined<T> =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Defined<T>

/**
 * Texts that cameras, phones and programs write into every file in place of a description. (Phones of one maker write
 * the names of their modes.)
 */
const STOCK_TEXTS = [
  /^(?:[A-Z]+ ){0,3}DIGITAL (?:STILL ?)?CAMERA$/,
  /^(?:kodak )?digital still ?camera$/i,
  /^sony dsc$/i,
  /^samsung$/i,
  /^<kenox\b/i,
  /^exif[-_ ]?jpeg(?:[-_ ]?picture)?$/i,
  /^jpeg exif$/i,
  /^(?:dcim|100media)[/\\]/i,
  /^(?:default|untitled|ascii|charset=.*)$/i,
  /^(?:created|file written) (?:by|with) adobe photoshop\b/i,
  /^lead technologies\b/i,
  /^maker:.*,date:/i,
  /^(?:btf|burst|cof|cooznor|dav|edf|fbt|fhdr|hdr|hdrpl|iphgl|mde|mtf|mtr|nfr|nor|oznor|ozedf|ptr|qrf|rbt|rhdr|sdr|tof|vhdr)$/,
]

/** Longer texts are descriptions. */
const MAX_STOCK_LENGTH = 100

const isStock = (text: string): boolean => {
  const trimmed = text.trim()
  return trimmed.length <= MAX_STOCK_LENGTH && STOCK_TEXTS.some((stock) => stock.test(trimmed))
}

/** Camera, lens and exposure. They are the camera's own in EXIF; XMP has copies. */
function describeCamera({ exif, xmp }: EmbeddedTags): CameraData {
  return pickDefined({
    make: firstText(exifText(exif.Make), xmpText(xmp.Make)),
    model: firstText(exifText(exif.Model), xmpText(xmp.Model)),
    lens: firstText(exifText(exif.LensModel), xmpText(xmp.LensModel), xmpText(xmp.Lens)),
    exposureTime: exifNumber(exif.ExposureTime) ?? xmpNumber(xmp.ExposureTime),
    fNumber: exifNumber(exif.FNumber) ?? xmpNumber(xmp.FNumber),
    iso:
      exifNumber(exif.ISOSpeedRatings) ??
      xmpNumber(xmp.PhotographicSensitivity) ??
      xmpNumber(xmp.ISOSpeedRatings),
    focalLength: exifNumber(exif.FocalLength) ?? xmpNumber(xmp.FocalLength),
    focalLength35: exifNumber(exif.FocalLengthIn35mmFilm) ?? xmpNumber(xmp.FocalLengthIn35mmFilm),
    software: firstText(exifText(exif.Software), xmpText(xmp.CreatorTool)),
  })
}

/** Looks at the whole text of XMP too: a place or a number may be deep inside of it, and it may be too long to be parsed. */
function findRevealed({ exif, xmp, documents }: EmbeddedTags): Revealed[] {
  const position =
    [exif.GPSLatitude, exif.GPSLongitude].some(isSomewhere) ||
    documents.some((text) => /\bGPS(?:Dest)?(?:Latitude|Longitude)\b/.test(text))
  const serial =
    [exif.BodySerialNumber, exif.LensSerialNumber, exif.CameraSerialNumber].some(exifText) ||
    documents.some((text) => /:(?:Body|Camera|Lens|Internal)?SerialNumber\b/.test(text))
  const found = { position, serial, faces: findFaces(xmp, documents) }
  return REVEALED.filter((name) => found[name])
}

/** A receiver without a signal writes zeros. */
function isSomewhere(tag: unknown): boolean {
  const value = isObject(tag) ? tag.value : undefined
  return Array.isArray(value) && value.some((part) => (Array.isArray(part) ? part[0] : part) > 0)
}
