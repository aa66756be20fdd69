import type { Database } from '../../database/database.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { readStates, updateDerived } from '../change/derived.ts'
import { parseCollections } from '../filter/facets.ts'
import { countVersion } from '../library.ts'
import { setCollections } from './membership.ts'

/**
 * Takes items out of collections that are deleted. The caller increases the library's version before, and drops the
 * orders of the collections.
 * @param items ids, ascending
 */
export async function takeOut(
  trx: Queries,
  items: readonly number[],
  collections: ReadonlySet<number>,
): Promise<void> {
  if (items.length === 0) return
  const before = await readStates(trx, items)
  const changes = before.map((state) => {
    const left = parseCollections(state.collections).filter((id) => !collections.has(id))
    return { before: state, after: { ...state, collections: JSON.stringify(left) } }
  })
  await setCollections(
    trx,
    changes.map(({ after }) => after),
  )
  await runIn(trx, deletePlaces, JSON.stringify(items), JSON.stringify([...collections]))
  await updateDerived(trx, changes)
}

/** Deletes the rows of collections that are marked as deleted and have no items any more. */
export async function deleteEmptied(trx: Queries, ids: readonly number[]): Promise<void> {
  await runIn(trx, deleteCollections, JSON.stringify(ids))
}

/**
 * Takes the next items out of a collection that is marked as deleted, and deletes its row after the last ones.
 * @param count how many at most
 * @returns whether there may be more
 */
export async function cleanSome(database: Database, id: number, count: number): Promise<boolean> {
  return database.write(async (trx) => {
    const rows = await runIn(trx, findNext, id, count)
    if (rows.length > 0) await countVersion(trx)
    await takeOut(
      trx,
      rows.map((row) => row.media_id),
      new Set([id]),
    )
    if (rows.length === count) return true
    await deleteEmptied(trx, [id])
    return false
  })
}

const findNext = prepare((db, id: Parameter<number>, count: Parameter<number>) =>
  db
    .selectFrom('collection_items')
    .innerJoin('collections', 'collections.id', 'collection_id')
    .select('media_id')
    .where('collection_id', '=', id)
    .where('deleted', '=', 1)
    .orderBy('media_id')
    .limit(count)
    .compile(),
)

const deletePlaces = prepare((db, items: Parameter<string>, collections: Parameter<string>) =>
  db
    .deleteFrom('collection_items')
    .where('media_id', 'in', listed<number>(db, 'bigint', items))
    .where('collection_id', 'in', listed<number>(db, 'bigint', collections))
    .compile(),
)

const deleteCollections = prepare((db, ids: Parameter<string>) =>
  db
    .deleteFrom('collections')
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .where('deleted', '=', 1)
    .compile(),
)
