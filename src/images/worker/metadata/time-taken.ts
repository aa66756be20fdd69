import { type EmbeddedTags, exifText, iptcAscii, xmpText } from './embedded-tags.ts'

/**
 * When the image was taken: the camera's time (`DateTimeOriginal`) in XMP, then in EXIF; without one, the date of
 * creation that people write, as for a scan.
 * @returns `YYYY-MM-DDTHH:mm:ss`, with the zone if one is written. It may not exist in the calendar.
 */
export function findTimeTaken({ exif, iptc, xmp }: EmbeddedTags): string | undefined {
  const camera = fromExif(exifText(exif.DateTimeOriginal), exifText(exif.OffsetTimeOriginal))
  const edited = fromXmp(xmpText(xmp.DateTimeOriginal))
  // Programs that copy the time into XMP may leave out the zone.
  if (edited !== undefined && edited === camera?.slice(0, LOCAL_LENGTH)) return camera
  return (
    edited ??
    camera ??
    fromXmp(xmpText(xmp.DateCreated)) ??
    fromIptc(iptcAscii(iptc['Date Created']), iptcAscii(iptc['Time Created']))
  )
}

const LOCAL_LENGTH = 'YYYY-MM-DDTHH:mm:ss'.length

const EXIF_TIME = /^\s*(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)/
const ZONE = /^\s*(Z|[+-]\d\d:\d\d)\s*$/

function fromExif(time = '', offset = ''): string | undefined {
  return write(EXIF_TIME.exec(time), ZONE.exec(offset)?.[1])
}

/** ISO 8601. Seconds may be missing or have decimals. A date alone is no time. */
const XMP_TIME =
  /^\s*(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?\s*$/

function fromXmp(time = ''): string | undefined {
  const match = XMP_TIME.exec(time)
  return write(match, match?.[7])
}

const IPTC_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/

function fromIptc(date: string, time: string): string | undefined {
  const [, hours, minutes] = /^\d{6}([+-]\d\d)(\d\d)/.exec(time) ?? []
  const zone = hours === undefined ? undefined : `${hours}:${minutes}`
  return write(/^\d{8}$/.test(date) ? IPTC_TIME.exec(date + time) : null, zone)
}

function write(match: RegExpExecArray | null, zone = ''): string | undefined {
  if (!match) return undefined
  const [, year, month, day, hour, minute, second = '00'] = match
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`
}
