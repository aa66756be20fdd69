import { type Actor, COMMAND_LINE, mediaSubject, recordAudit } from '../audit/record.ts'
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
  by: Actor = COMMAND_LINE,
): Promise<MediaItem> {
  const now = await database.now()
  return database.write(async (trx) => {
    const before = await trx
      .selectFrom('media')
      .select(['name', 'tags'])
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
    const tagsBefore = parseTags(before.tags)
    await countTags(trx, tagsBefore, tags)
    await countVersion(trx)
    const detail = {
      ...(name !== before.name && { name: { from: before.name, to: name } }),
      ...tellTagChange(tagsBefore, tags),
    }
    const subject = mediaSubject(id)
    await recordAudit(trx, by, { action: 'media-edited', subject, detail }, now)
    return toItem(await selectItems(trx).where('media.id', '=', id).executeTakeFirstOrThrow())
  })
}

/** Which tags went and came; nothing if none did. */
function tellTagChange(before: readonly string[], after: readonly string[]) {
  const removed = before.filter((tag) => !after.includes(tag))
  const added = after.filter((tag) => !before.includes(tag))
  return {
    ...(added.length > 0 && { tagsAdded: added }),
    ...(removed.length > 0 && { tagsRemoved: removed }),
  }
}
