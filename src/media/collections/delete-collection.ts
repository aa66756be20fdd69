import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import { dropCollectionFacets, refreshUnder } from '../filter/collection-facets.ts'
import { countVersion } from '../library.ts'
import { collectionOrder, listOf } from '../order/lists.ts'
import { dropOrder } from '../order/orders.ts'
import { collectionSubject } from './change-collection.ts'
import { deleteEmptied, takeOut } from './clean.ts'
import { type Collection, readCollection } from './collection.ts'
import { collectionNotEmpty, collectionNotFound } from './collection-errors.ts'
import { readLine, readSubtree } from './tree.ts'

/** One transaction takes this many items out of collections at most. With more, other requests would wait. */
export const MAX_AT_ONCE = 2000

export interface Deleted {
  /** As it was. */
  collection: Collection
  /** Whether its id is gone from all items. Otherwise a cleaner must be woken; see `cleaner.ts`. */
  isClean: boolean
}

export interface DeleteOptions {
  /** True to delete what is below it too. */
  isRecursive?: boolean
  by?: Actor
  /** For tests: how many items one transaction takes out at most. */
  atOnce?: number | undefined
}

/**
 * Deletes a collection. Its items stay in the library, and their revisions as they are.
 *
 * A collection of very many items disappears for every reader at once too. Only the member `collections` of its items
 * names it for longer: later transactions remove it there.
 *
 * @throws AppError 404 "Collection not found", 409 "Collection not empty"
 */
export async function deleteCollection(
  database: Database,
  id: number,
  { isRecursive = false, by = COMMAND_LINE, atOnce = MAX_AT_ONCE }: DeleteOptions = {},
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

    const places = await runIn(trx, findSome, list, atOnce + 1)
    const isClean = places.length <= atOnce
    if (isClean) {
      const items = [...new Set(places.map((place) => place.media_id))].sort((a, b) => a - b)
      // Before the rows go: the tree says what the collections were below.
      await takeOut(trx, items, new Set(ids))
    }
    await runIn(trx, markDeleted, list)
    if (isClean) {
      await deleteEmptied(trx, ids)
    } else {
      await dropCollectionFacets(trx, ...ids)
      await refreshUnder(trx, above.slice(0, 1))
    }
    const orders = ids.map(collectionOrder)
    await dropOrder(trx, ...orders.flatMap((order) => [listOf(order, false), listOf(order, true)]))
    return { collection, isClean }
  })
}

const findSome = prepare((db, ids: Parameter<string>, count: Parameter<number>) =>
  db
    .selectFrom('collection_items')
    .select('media_id')
    .where('collection_id', 'in', listed<number>(db, 'bigint', ids))
    .limit(count)
    .compile(),
)

const markDeleted = prepare((db, ids: Parameter<string>) =>
  db
    .updateTable('collections')
    .set({ deleted: 1 })
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)
