import type { Transaction } from 'kysely'
import {
  type Actor,
  type AuditEntry,
  COMMAND_LINE,
  mediaSubject,
  recordAudit,
  writeAs,
} from '../../audit/record.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries, Tables } from '../../database/tables.ts'
import { countVersion, type Library } from '../library.ts'
import { forgetDigests, noteDeparture, readDeparture } from '../trash/moved-addresses.ts'
import { type FailedItem, noSuchItem } from './bulk.ts'
import { readStates, updateDerived } from './derived.ts'

/**
 * Removes an item. If it is the last one with the same bytes, removes every stored object of it too. When
 * this resolves, they are gone from storage. If a power cut brings them back, the journal's sweep removes
 * them again.
 *
 * If storage fails, the item is gone all the same. This rejects, and the journal's sweep removes the objects
 * later.
 *
 * @throws AppError 404 "Media not found"
 */
export async function removeMedia(library: Library, id: number, by?: Actor): Promise<void> {
  const [failed] = await removeItems(library, [id], by)
  if (failed) throw failed.error
}

/**
 * Removes several items as `removeMedia` does one, in one transaction.
 *
 * @param ids ascending
 * @param options.trashedBefore removes only items that were moved to the trash before this time, and are still there
 * @param options.keepsAddresses whether the addresses of a merged item go on leading to the other item
 * @returns a failure for each id without an item that may be removed
 */
export async function removeItems(
  library: Library,
  ids: readonly number[],
  by: Actor = COMMAND_LINE,
  {
    trashedBefore,
    keepsAddresses = false,
  }: { trashedBefore?: Milliseconds; keepsAddresses?: boolean } = {},
): Promise<FailedItem[]> {
  const { database } = library
  const now = await database.now()
  const { failed, files } = await writeAs(database, by, async (trx) => {
    // Read again here: somebody may have restored an item meanwhile.
    const items = (await readStates(trx, ids)).filter(
      ({ trashed_at }) =>
        trashedBefore === undefined || (trashed_at !== null && trashed_at < trashedBefore),
    )
    const found = new Set(items.map(({ id }) => id))
    const failed = ids.filter((id) => !found.has(id)).map(noSuchItem)
    if (items.length === 0) return { failed, files: { ids: [], keys: [] } }

    const departure = await readDeparture(trx, [...found])
    const fileIds = await deleteRows(trx, [...found])
    const files = await condemnUnused(trx, library, fileIds)
    await noteDeparture(trx, departure, files.ids, keepsAddresses)
    await countVersion(trx)
    await recordAudit(trx, by, describe([...found], items), now)
    await updateDerived(
      trx,
      items.map((before) => ({ before })),
    )
    return { failed, files }
  })
  await removeCondemned(library, files)
  return failed
}

/**
 * Like `removeUnusedFiles`. Also writes the keys of the files' objects into the journal, for `removeCondemned`, which
 * removes these objects after the commit.
 */
export async function condemnUnused(
  trx: Transaction<Tables>,
  { journal }: Library,
  fileIds: ReadonlySet<number>,
): Promise<UnusedFiles> {
  if (fileIds.size === 0) return { ids: [], keys: [] }
  const { ids, keys } = await removeUnusedFiles(trx, fileIds)
  return { ids, keys: await journal.condemn(trx, keys) }
}

/** Removes the objects of files that `condemnUnused` returned. If it rejects, the journal's sweep does the rest. */
export async function removeCondemned(
  { journal, renders }: Library,
  { ids, keys }: UnusedFiles,
): Promise<void> {
  // A render that began before finds the file's row gone and removes what it wrote.
  await Promise.all(ids.map(renders.end))
  await journal.removeCondemned(keys)
}

/** One audit row for the whole transaction: deleting many items must not cost a row for each. */
function describe(ids: readonly number[], [item]: readonly { name: string }[]): AuditEntry {
  const [id] = ids
  return ids.length === 1 && id !== undefined
    ? { action: 'media-deleted', subject: mediaSubject(id), detail: { name: item?.name } }
    : { action: 'media-deleted', detail: { ids } }
}

/** Files whose rows a transaction has deleted. */
export interface UnusedFiles {
  ids: number[]
  /** Of their objects. */
  keys: string[]
}

/**
 * Removes the rows of the given files that no item uses any more, not even as an earlier version.
 * @returns the ids of those files, and the keys that the rows named
 */
async function removeUnusedFiles(trx: Queries, fileIds: ReadonlySet<number>): Promise<UnusedFiles> {
  const shown = await runIn(trx, findShown, JSON.stringify([...fileIds]))
  const ids = [...fileIds.difference(new Set(shown.map((item) => item.file_id)))]
  if (ids.length === 0) return { ids, keys: [] }
  const list = JSON.stringify(ids)
  const variants = await runIn(trx, deleteVariants, list)
  const renditions = await runIn(trx, deleteRenditions, list)
  const files = await runIn(trx, deleteFiles, list)
  const digests = files.flatMap(({ scaled_digest, high_digest }) => [scaled_digest, high_digest])
  // These bytes were added again after a merge, and are removed now.
  await forgetDigests(trx, digests)
  return { ids, keys: [...files, ...variants, ...renditions].map(({ key }) => key) }
}

/**
 * Deletes the rows of items and of their versions.
 * @returns the files that these rows named
 */
async function deleteRows(trx: Queries, ids: readonly number[]): Promise<Set<number>> {
  const list = JSON.stringify(ids)
  const versions = await runIn(trx, deleteVersions, list)
  const items = await runIn(trx, deleteItems, list)
  return new Set([...items, ...versions].map((row) => row.file_id))
}

// Each of these queries takes all ids as JSON.

const deleteItems = prepare((db, ids: Parameter<string>) =>
  db
    .deleteFrom('media')
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .returning('file_id')
    .compile(),
)

const deleteVersions = prepare((db, ids: Parameter<string>) =>
  db
    .deleteFrom('versions')
    .where('media_id', 'in', listed<number>(db, 'bigint', ids))
    .returning('file_id')
    .compile(),
)

/** The files that some item still has, at present or as an earlier version. */
const findShown = prepare((db, fileIds: Parameter<string>) => {
  const used = (table: 'media' | 'versions') =>
    db
      .selectFrom(table)
      .select('file_id')
      .where('file_id', 'in', listed<number>(db, 'bigint', fileIds))
  return used('media').union(used('versions')).compile()
})

const prepareDelete = (table: 'variants' | 'renditions') =>
  prepare((db, fileIds: Parameter<string>) =>
    db
      .deleteFrom(table)
      .where('file_id', 'in', listed<number>(db, 'bigint', fileIds))
      .returning('key')
      .compile(),
  )
const deleteVariants = prepareDelete('variants')
const deleteRenditions = prepareDelete('renditions')

const deleteFiles = prepare((db, ids: Parameter<string>) =>
  db
    .deleteFrom('files')
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .returning(['key', 'scaled_digest', 'high_digest'])
    .compile(),
)
