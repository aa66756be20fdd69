import { isBlank } from '../../base/fold.ts'
import {
  MAX_NAME_CODE_POINTS,
  MAX_TAG_CODE_POINTS,
  MAX_TAGS,
  readName,
  readTags,
} from '../../media/parameters.ts'

/** For a file whose name has no visible character. */
const NAMELESS = 'Untitled'

/** The name of an imported item: the file name without extension, changed where it is not a valid name. */
export function itemName(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[a-z][a-z0-9]{0,4}$/i, '')
  const name = repair(stem, MAX_NAME_CODE_POINTS)
  return readName(isBlank(name) ? NAMELESS : name)
}

/**
 * The tags of an imported item: the names of the folders around its file, changed where they are not valid
 * tags. A comma splits a name into tags, as everywhere.
 *
 * @param folders the outermost first
 */
export function itemTags(folders: readonly string[]): string[] {
  const tags = new Set(
    folders
      .flatMap((folder) => folder.split(','))
      .map((tag) => repair(tag, MAX_TAG_CODE_POINTS))
      .filter((tag) => !isBlank(tag)),
  )
  // If there are too many, the folders nearest to the file are kept: they describe it best.
  return readTags([...tags].slice(-MAX_TAGS))
}

/** Replaces the characters that texts cannot contain, and cuts the text to the limit. */
function repair(text: string, maxCodePoints: number): string {
  const visible = text.toWellFormed().replace(/\p{Cc}+/gu, ' ')
  return [...visible.trim().normalize('NFC')].slice(0, maxCodePoints).join('').trim()
}
