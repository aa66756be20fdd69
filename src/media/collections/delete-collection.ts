import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import { countVersion } from '../library.ts'
import { collectionSubject } from './change-collection.ts'
import { deleteEmptied, takeOut } from './clean.ts'
import { type Collection, readCollection } from './collection.ts'
import { collectionNotEmpty, collectionNotFound } from './collection-errors.ts'
import { dropEntries } from './entries.ts'
import { readLine, readSubtree } from './tree.ts'
import { forgetCollections, refreshAncestors } from './under.ts'

/** Places of items that one transaction takes out of collections. With more of them, other requests would wait. */
export const MAX_AT_ONCE = 2000

export interface Deleted {
  /** As it was. */
  collection: Collection
  /** Whether its id is gone from all items. Otherwise a cleaner must be woken; see `cleaner.ts`. */
  isClean: boolean
}

/**
 * Deletes a collection. Its items stay in the library, and their revisions as they are.
 *
 * A collection of very many items is gone for every reader at once too, except that items name its id until it was
 * removed from them, in transactions of their own.
 *
 * @param options.isRecursive true to delete what is below it too
 * @throws AppError 404 "Collection not found", 409 "Collection not empty"
 */
export async function deleteCollection(
  database: Database,
  id: number,
  { isRecursive = false, by = COMMAND_LINE }: { isRecursive?: boolean; by?: Actor } = {},
): Promise<Deleted> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const [self, ...above] = await readLine(trx, id)
    if (self === undefined) throw collectionNotFound(id)
    const subtree = await readSubtree(trx, id)
    if (subtree.length > 1 && !isRecursive) throw collectionNotEmpty(id, subtree.length - 1)
    const collection = await readCollection(trx, id)
    const ids = subtree.map((row) => row.id)
    const list = JSON.stringify(ids)
    await countVersion(trx)
    const subject = collectionSubject(id)
    const { name } = collection
    const below = ids.length - 1
    const detail = { name, ...(below > 0 && { below }) }
    await recordAudit(trx, by, { action: 'collection-deleted', subject, detail }, now)

    const places = await runIn(trx, findSome, list)
    const isClean = places.length <= MAX_AT_ONCE
    if (isClean) {
      const items = [...new Set(places.map((place) => place.media_id))].sort((a, b) => a - b)
      // While the tree is still there, by which it is known what they were below.
      await takeOut(trx, items, new Set(ids))
    }
    await runIn(trx, markDeleted, list)
    if (isClean) await deleteEmptied(trx, ids)
    else await refreshAncestors(trx, above)
    await forgetCollections(trx, ids)
    await dropEntries(trx, ids)
    return { collection, isClean }
  })
}

const findSome = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('collection_items')
    .select('media_id')
    .where('collection_id', 'in', listed<number>(db, 'bigint', ids))
    .limit(MAX_AT_ONCE + 1)
    .compile(),
)

const markDeleted = prepare((db, ids: Parameter<string>) =>
  db
    .updateTable('collections')
    .set({ deleted: 1 })
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)
