import { cutText, downloadName, MAX_NAME_BYTES } from '../../images/delivery/download-name.ts'

/** The extension of a file name. */
const EXTENSION = /\.[a-z0-9]{1,5}$/i

interface NamedItem {
  name: string
  file_name: string | null
}

/**
 * The name of an item's file in an archive: the name that its file had, else its own name with an extension. Every file
 * system can hold it; see `downloadName`.
 *
 * @param extension of the bytes in the archive, without the dot
 * @param isDerived true if the archive has an image that was made of the file, and not the file itself
 */
export function entryName(
  { name, file_name }: NamedItem,
  extension: string,
  isDerived: boolean,
): string {
  if (file_name === null) return downloadName(name, extension)
  return downloadName(isDerived ? file_name.replace(EXTENSION, '') : file_name, extension)
}

/**
 * Returns a function that makes each name unique, by ` (2)` and so on before its extension. Names that differ in case
 * alone are the same on many file systems.
 */
export function createUniqueNames(): (name: string) => string {
  /** How often each name was wanted, by its form without case. */
  const known = new Map<string, number>()
  return (name) => {
    const key = keyOf(name)
    const times = known.get(key)
    if (times === undefined) {
      known.set(key, 1)
      return name
    }
    for (let number = times + 1; ; number++) {
      const numbered = withNumber(name, number)
      if (known.has(keyOf(numbered))) continue
      known.set(key, number)
      known.set(keyOf(numbered), 1)
      return numbered
    }
  }
}

const keyOf = (name: string) => name.normalize('NFC').toLowerCase()

function withNumber(name: string, number: number): string {
  const dot = name.lastIndexOf('.')
  const end = ` (${number})${name.slice(dot)}`
  return cutText(name.slice(0, dot), MAX_NAME_BYTES - Buffer.byteLength(end)) + end
}
