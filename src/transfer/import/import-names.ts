import { isBlank } from '../../base/fold.ts'
import { nameOfFile, repairText } from '../../media/name-of-file.ts'
import { MAX_TAG_CODE_POINTS, MAX_TAGS, readTags } from '../../media/parameters.ts'

/** The name of an imported item. */
export const itemName = nameOfFile

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
      .map((tag) => repairText(tag, MAX_TAG_CODE_POINTS))
      .filter((tag) => !isBlank(tag)),
  )
  // If there are too many, the folders nearest to the file are kept: they describe it best.
  return readTags([...tags].slice(-MAX_TAGS))
}
