import { type AppError, parametersInvalid } from '../../base/errors.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { collectionNotFound } from './collection-errors.ts'

/**
 * Requires that items can be put into collections, as a member of an item says it.
 * @throws AppError 400 "Invalid parameters" for an id of no collection, or of a saved search
 */
export async function requireCollections(trx: Queries, ids: readonly number[]): Promise<void> {
  await requireEach(trx, ids, (id) => parametersInvalid(`There is no collection with id ${id}.`))
}

/** @throws AppError 404 "Collection not found"; 400 "Invalid parameters" for a saved search */
export async function requireAddable(db: Queries, ids: readonly number[]): Promise<void> {
  await requireEach(db, ids, collectionNotFound)
}

async function requireEach(db: Queries, ids: readonly number[], missing: (id: number) => AppError) {
  const queries = await findQueries(db, ids)
  for (const id of ids) {
    const query = queries.get(id)
    if (query === undefined) throw missing(id)
    if (query !== null) {
      throw parametersInvalid(`Collection ${id} is a saved search; no item can be put into it.`)
    }
  }
}

/** The ids of collections that exist and are no saved searches. */
export async function findOpenCollections(
  trx: Queries,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  const queries = await findQueries(trx, ids)
  return new Set([...queries].filter(([, query]) => query === null).map(([id]) => id))
}

/** @throws AppError 404 "Collection not found" */
export async function requireKnown(db: Queries, ids: readonly number[]): Promise<void> {
  const queries = await findQueries(db, ids)
  const unknown = ids.find((id) => !queries.has(id))
  if (unknown !== undefined) throw collectionNotFound(unknown)
}

/** The queries of the collections that exist; null for a collection that is no saved search. */
async function findQueries(db: Queries, ids: readonly number[]) {
  const rows = ids.length === 0 ? [] : await runIn(db, findCollections, JSON.stringify(ids))
  return new Map(rows.map(({ id, query }) => [id, query]))
}

const findCollections = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('collections')
    .select(['id', 'query'])
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .where('deleted', '=', 0)
    .compile(),
)
