import { isBlank } from '../../base/fold.ts'

/** The longest name that ext4, APFS and most others hold, and no longer than NTFS does. */
const MAX_BYTES = 255

/** Others that files of the same type have, besides the one that storage gives them. */
const OTHER_EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  jpg: ['jpeg', 'jpe', 'jfif', 'jif'],
  png: ['apng'],
  avif: ['avifs'],
}

/** https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions */
const RESERVED_CHARACTERS = /[\p{Cc}<>:"/\\|?*]/gu
const RESERVED_NAMES = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i
/** These make a name be read in another order, so that its extension seems another. */
const READING_ORDER = /\p{Bidi_Control}/gu
/** Windows drops them at the end; in front, a dot hides the file. */
const EDGE = /^[.\p{White_Space}]$/u

const utf8 = new TextEncoder()

/**
 * The name under which an item is saved, such that every file system can hold it: at most 255 bytes in
 * UTF-8, without what Windows reserves, and with an extension of its type, which it may have already.
 *
 * @param name of the item
 * @param extension that storage gives files of the type, without the dot
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
  const stem = trim(cut(whole, MAX_BYTES - end.length))
  return (isBlank(stem) ? 'image' : stem) + end
}

function trim(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && EDGE.test(text.charAt(start))) start += 1
  while (start < end && EDGE.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** So much of a text as fits, never a part of what is read as one character. */
function cut(text: string, bytes: number): string {
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
