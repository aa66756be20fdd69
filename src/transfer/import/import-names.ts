import { isBlank } from '../../base/fold.ts'
import {
  MAX_NAME_CODE_POINTS,
  MAX_TAG_CODE_POINTS,
  MAX_TAGS,
  readName,
  readTags,
} from '../../media/parameters.ts'

/** For a file whose name has nothing visible in it. */
const NAMELESS = 'Untitled'

/** The name of a file's item: the file's without extension, repaired where no item can have it. */
export function itemName(fileName: string): string {
  const stem = fileName.replace(/(?<=.)\.[a-z][a-z0-9]{0,4}$/i, '')
  const name = repair(stem, MAX_NAME_CODE_POINTS)
  return readName(isBlank(name) ? NAMELESS : name)
}

/**
 * The tags of a file's item: the names of the folders that it lies in, repaired where they are no
 * tags. A comma divides a name into tags, as everywhere.
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
  // If there are too many, those nearest to the file tell the most.
  return readTags([...tags].slice(-MAX_TAGS))
}

/** Without what texts cannot hold, and cut to the limit. */
function repair(text: string, maxCodePoints: number): string {
  const visible = text.toWellFormed().replace(/\p{Cc}+/gu, ' ')
  return [...visible.trim().normalize('NFC')].slice(0, maxCodePoints).join('').trim()
}
