import { type Actor, COMMAND_LINE, mediaSubject, recordAudit } from '../../audit/record.ts'
import { writeAs } from '../../audit/write-as.ts'
import { mediaNotFound } from '../../base/errors.ts'
import { askWithin, type Database } from '../../database/database.ts'
import { buildOnce } from '../../database/engine.ts'
import { type MediaItem, selectItems, toItem } from '../item.ts'
import { countVersion } from '../library.ts'
import { indexMedia, unindexMedia } from '../list/search.ts'
import { countTags, parseTags } from '../tags.ts'

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
  return writeAs(database, by, async (trx) => {
    const ask = askWithin(trx)
    const queries = editQueries(trx)
    const [before] = await ask(queries.before, id)
    if (!before) throw mediaNotFound(`There is no media item with id ${id}.`)
    await ask(queries.update, name, JSON.stringify(tags), id)
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
    const [item] = await ask(queries.item, id)
    if (!item) throw new Error(`The item ${id} is not there in the transaction that edits it.`)
    return toItem(item)
  })
}

const editQueries = buildOnce((db) => ({
  before: db.selectFrom('media').select(['name', 'tags']).where('id', '=', 0).compile(),
  update: db.updateTable('media').set({ name: '', tags: '' }).where('id', '=', 0).compile(),
  item: selectItems(db).where('media.id', '=', 0).compile(),
}))

/** Which tags went and came; nothing if none did. */
function tellTagChange(before: readonly string[], after: readonly string[]) {
  const removed = before.filter((tag) => !after.includes(tag))
  const added = after.filter((tag) => !before.includes(tag))
  return {
    ...(added.length > 0 && { tagsAdded: added }),
    ...(removed.length > 0 && { tagsRemoved: removed }),
  }
}
