import type { Queries } from '../database/tables.ts'
import { mediaNotFound } from '../errors.ts'
import { countVersion, type Library } from './library.ts'
import { adjustCounts } from './rank.ts'
import { unindexMedia } from './search.ts'

/**
 * Removes an item and, with the last one of the same bytes, every stored object of it. When this
 * resolves they are gone from storage.
 *
 * If storage fails the item is gone all the same, this rejects, and the journal's sweep removes the
 * objects later.
 *
 * @throws AppError 404 "Media not found"
 */
export async function removeMedia(library: Library, id: number): Promise<void> {
  const { database, journal, highRenders } = library
  const { fileId, keys } = await database.write(async (trx) => {
    const item = await trx
      .deleteFrom('media')
      .where('id', '=', id)
      .returning('file_id')
      .executeTakeFirst()
    if (!item) throw mediaNotFound(`There is no media item with id ${id}.`)
    await unindexMedia(trx, id)
    const keys = await removeUnusedFile(trx, item.file_id)
    await journal.condemn(trx, keys)
    await countVersion(trx)
    await adjustCounts(trx, id, -1)
    return { fileId: item.file_id, keys }
  })
  if (keys.length === 0) return
  // A render that began before finds the file's row gone and removes what it wrote.
  await highRenders.end(fileId)
  await journal.discard(keys)
}

/**
 * Removes the rows of a file that no item shows any more.
 * @returns the keys that they named; none if the file is still shown
 */
async function removeUnusedFile(trx: Queries, fileId: number): Promise<string[]> {
  const shown = await trx
    .selectFrom('media')
    .select('id')
    .where('file_id', '=', fileId)
    .limit(1)
    .executeTakeFirst()
  if (shown) return []
  const variants = await trx
    .deleteFrom('variants')
    .where('file_id', '=', fileId)
    .returning('key')
    .execute()
  const files = await trx.deleteFrom('files').where('id', '=', fileId).returning('key').execute()
  return [...files, ...variants].map(({ key }) => key)
}
