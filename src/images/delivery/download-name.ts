import { isBlank } from '../../base/fold.ts'

/** The longest file name on ext4, APFS and most other file systems. NTFS allows at least as much. */
export const MAX_NAME_BYTES = 255

/** Other extensions of the same file type, by the extension that storage uses. */
const OTHER_EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  jpg: ['jpeg', 'jpe', 'jfif', 'jif'],
  png: ['apng'],
  avif: ['avifs'],
  heic: ['heif', 'hif'],
  tif: ['tiff'],
  bmp: ['dib'],
}

/** https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions */
const RESERVED_CHARACTERS = /[\p{Cc}<>:"/\\|?*]/gu
const RESERVED_NAMES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i
/** They change the reading order of a name, so that its extension can look like another one. */
const READING_ORDER = /\p{Bidi_Control}/gu
/** Windows drops these characters at the end of a name. At the start, a dot hides the file. */
const EDGE = /^[.\p{White_Space}]$/u

const utf8 = new TextEncoder()

/**
 * The file name for the download of an item. Every file system can hold it: it has at most 255 bytes in
 * UTF-8 and nothing that Windows reserves. It ends in an extension of the item's type; one that the name
 * already has is kept.
 *
 * @param name name of the item
 * @param extension the extension that storage uses for the type, without the dot
 */
export function downloadName(name: string, extension: string): string {
  const safe = trim(
    name.toWellFormed().replace(READING_ORDER, '').replace(RESERVED_CHARACTERS, '_'),
  )
  const dot = safe.lastIndexOf('.')
  const own = safe.slice(dot + 1).toLowerCase()
  const isOfType = [extension, ...(OTHER_EXTENSIONS[extension] ?? [])].includes(own)
  const hasExtension = dot > 0 && isOfType
  const end = hasExtension ? safe.slice(dot) : `.${extension}`
  const given = hasExtension ? safe.slice(0, dot) : safe
  const whole = RESERVED_NAMES.test(given) ? `_${given}` : given
  const stem = trim(cutText(whole, MAX_NAME_BYTES - end.length))
  return (isBlank(stem) ? 'image' : stem) + end
}

function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && EDGE.test(text.charAt(start))) start += 1
  while (start < end && EDGE.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** The longest start of a text that fits into so many bytes. It never splits a grapheme cluster. */
export function cutText(text: string, bytes: number): string {
  if (utf8.encode(text).length <= bytes) return text
  let kept = ''
  let left = bytes
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= utf8.encode(segment).length
    if (left < 0) break
    kept += segment
  }
  return kept
}
