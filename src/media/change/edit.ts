import { type Actor, COMMAND_LINE, mediaSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import { type MediaItem, selectItems, toItem } from '../item.ts'
import { countVersion } from '../library.ts'
import { indexMedia, unindexMedia } from '../list/search.ts'
import { countTags, parseTags } from '../tags.ts'

/**
 * Renames and retags an item.
 * @param changes as `readName` and `readTags` return them
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
    const [before] = await runIn(trx, findEdited, id)
    if (!before) throw mediaNotFound(`There is no media item with id ${id}.`)
    await runIn(trx, updateItem, id, name, JSON.stringify(tags))
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
    const [item] = await runIn(trx, findItem, id)
    if (!item) throw new Error(`The item ${id} is not there in the transaction that edits it.`)
    return toItem(item)
  })
}

const findEdited = prepare((db, id: Parameter<number>) =>
  db.selectFrom('media').select(['name', 'tags']).where('id', '=', id).compile(),
)

const updateItem = prepare(
  (db, id: Parameter<number>, name: Parameter<string>, tags: Parameter<string>) =>
    db.updateTable('media').set({ name, tags }).where('id', '=', id).compile(),
)

const findItem = prepare((db, id: Parameter<number>) =>
  selectItems(db).where('media.id', '=', id).compile(),
)

/** The tags that were added and removed, for the audit trail. Lists without a tag are left out. */
function tellTagChange(before: readonly string[], after: readonly string[]) {
  const removed = before.filter((tag) => !after.includes(tag))
  const added = after.filter((tag) => !before.includes(tag))
  return {
    ...(added.length > 0 && { tagsAdded: added }),
    ...(removed.length > 0 && { tagsRemoved: removed }),
  }
}
