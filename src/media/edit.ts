import type { Database } from '../database/database.ts'
import { mediaNotFound } from '../errors.ts'
import { type MediaItem, selectItems, toItem } from './item.ts'
import { countVersion } from './library.ts'
import { indexMedia, unindexMedia } from './search.ts'
import { countTags, parseTags } from './tags.ts'

/**
 * Renames and retags an item.
 * @param changes as `readName` and `readTags` give them
 * @throws AppError 404 "Media not found"
 */
export async function editMedia(
  database: Database,
  id: number,
  { name, tags }: { name: string; tags: readonly string[] },
): Promise<MediaItem> {
  return database.write(async (trx) => {
    const before = await trx
      .selectFrom('media')
      .select('tags')
      .where('id', '=', id)
      .executeTakeFirst()
    if (!before) throw mediaNotFound(`There is no media item with id ${id}.`)
    await trx
      .updateTable('media')
      .set({ name, tags: JSON.stringify(tags) })
      .where('id', '=', id)
      .execute()
    await unindexMedia(trx, id)
    await indexMedia(trx, id, name, tags)
    await countTags(trx, parseTags(before.tags), tags)
    await countVersion(trx)
    return toItem(await selectItems(trx).where('media.id', '=', id).executeTakeFirstOrThrow())
  })
}
