import {
  type Actor,
  type AuditEntry,
  COMMAND_LINE,
  mediaSubject,
  recordAudit,
} from '../../audit/record.ts'
import { writeAs } from '../../audit/write-as.ts'
import { askWithin } from '../../database/database.ts'
import { buildOnce, listed } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'
import { countVersion, type Library } from '../library.ts'
import { adjustCounts } from '../list/rank.ts'
import { unindexItems } from '../list/search.ts'
import { countTags, parseTags } from '../tags.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'

/**
 * Removes an item and, with the last one of the same bytes, every stored object of it. When this
 * resolves they are gone from storage; after a power cut the journal's sweep sees to that again.
 *
 * If storage fails the item is gone all the same, this rejects, and the journal's sweep removes the
 * objects later.
 *
 * @throws AppError 404 "Media not found"
 */
export async function removeMedia(library: Library, id: number, by?: Actor): Promise<void> {
  const [failed] = await removeItems(library, [id], by)
  if (failed) throw failed.error
}

/**
 * Removes several items as `removeMedia` does one, in one transaction.
 * @param ids ascending
 * @returns those that there are not
 */
export async function removeItems(
  library: Library,
  ids: readonly number[],
  by: Actor = COMMAND_LINE,
): Promise<FailedItem[]> {
  const { database, journal, renders } = library
  const now = await database.now()
  const { failed, files } = await writeAs(database, by, async (trx) => {
    const items = await askWithin(trx)(removalQueries(trx).media, JSON.stringify(ids))
    const found = new Set(items.map(({ id }) => id))
    const removed = ids.filter((id) => found.has(id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    if (removed.length === 0) return { failed, files: { ids: [], keys: [] } }

    await unindexItems(trx, removed)
    const unused = await removeUnusedFiles(trx, new Set(items.map((item) => item.file_id)))
    const files = { ids: unused.ids, keys: await journal.condemn(trx, unused.keys) }
    await countTags(
      trx,
      items.flatMap(({ tags }) => parseTags(tags)),
      [],
    )
    await countVersion(trx)
    await adjustCounts(trx, removed, -1)
    await recordAudit(trx, by, describe(removed, items), now)
    return { failed, files }
  })
  // A render that began before finds the file's row gone and removes what it wrote.
  await Promise.all(files.ids.map(renders.end))
  await journal.removeCondemned(files.keys)
  return failed
}

/** One row for all of a transaction: deleting many must not cost a row for each. */
function describe(ids: readonly number[], [item]: readonly { name: string }[]): AuditEntry {
  const [id] = ids
  return ids.length === 1 && id !== undefined
    ? { action: 'media-deleted', subject: mediaSubject(id), detail: { name: item?.name } }
    : { action: 'media-deleted', detail: { ids } }
}

/**
 * Removes the rows of those of the files that no item shows any more.
 * @returns their ids and the keys that they named
 */
async function removeUnusedFiles(
  trx: Queries,
  fileIds: ReadonlySet<number>,
): Promise<{ ids: number[]; keys: string[] }> {
  const [ask, queries] = [askWithin(trx), removalQueries(trx)]
  const shown = await ask(queries.shown, JSON.stringify([...fileIds]))
  const ids = [...fileIds.difference(new Set(shown.map((item) => item.file_id)))]
  if (ids.length === 0) return { ids, keys: [] }
  const list = JSON.stringify(ids)
  const variants = await ask(queries.variants, list)
  const files = await ask(queries.files, list)
  return { ids, keys: [...files, ...variants].map(({ key }) => key) }
}

/** Each takes all ids as one text of JSON. */
const removalQueries = buildOnce((db) => {
  const ids = listed<number>(db, 'bigint')
  return {
    media: db
      .deleteFrom('media')
      .where('id', 'in', ids)
      .returning(['id', 'file_id', 'name', 'tags'])
      .compile(),
    shown: db
      .selectFrom('media')
      .select('file_id')
      .distinct()
      .where('file_id', 'in', ids)
      .compile(),
    variants: db.deleteFrom('variants').where('file_id', 'in', ids).returning('key').compile(),
    files: db.deleteFrom('files').where('id', 'in', ids).returning('key').compile(),
  }
})
