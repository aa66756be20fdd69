import { parametersInvalid } from '../../base/errors.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'

/** Between the positions of neighbours, so that items can be moved between them without renumbering. */
export const POSITION_GAP = 2 ** 20

/**
 * Writes which collections an item is in. New ones get it at their end. The caller writes `media.collections`.
 *
 * @param before ids of the collections that the item was in
 * @param after ids of those that it is in from now on
 * @throws AppError 400 "Invalid parameters" if a new one does not exist or is a saved search
 */
export async function writeMembership(
  trx: Queries,
  id: number,
  before: readonly number[],
  after: readonly number[],
): Promise<void> {
  const left = before.filter((collection) => !after.includes(collection))
  const entered = after.filter((collection) => !before.includes(collection))
  await requireCollections(trx, entered)
  if (left.length > 0) await runIn(trx, leave, id, JSON.stringify(left))
  for (const collection of entered) await runIn(trx, enter, collection, id)
}

/** @throws AppError 400 "Invalid parameters" for an id of no collection, or of a saved search */
export async function requireCollections(trx: Queries, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const found = await runIn(trx, findCollections, JSON.stringify(ids))
  for (const id of ids) {
    const collection = found.find((row) => row.id === id)
    if (!collection) throw parametersInvalid(`There is no collection with id ${id}.`)
    if (collection.query !== null) {
      throw parametersInvalid(`Collection ${id} is a saved search; no item can be put into it.`)
    }
  }
}

/** Those of these collections that an item can be put into. */
export async function findOpenCollections(
  trx: Queries,
  ids: readonly number[],
): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set()
  const found = await runIn(trx, findCollections, JSON.stringify(ids))
  return new Set(found.filter(({ query }) => query === null).map(({ id }) => id))
}

const findCollections = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('collections')
    .select(['id', 'query'])
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .where('deleted', '=', 0)
    .compile(),
)

const leave = prepare((db, id: Parameter<number>, collections: Parameter<string>) =>
  db
    .deleteFrom('collection_items')
    .where('media_id', '=', id)
    .where('collection_id', 'in', listed<number>(db, 'bigint', collections))
    .compile(),
)

const enter = prepare((db, collection: Parameter<number>, id: Parameter<number>) =>
  db
    .insertInto('collection_items')
    .columns(['collection_id', 'media_id', 'position'])
    .expression((from) =>
      from
        .selectFrom('collection_items')
        .select(({ fn, lit, eb }) => [
          eb.cast<number>(collection, 'bigint').as('collection_id'),
          eb.cast<number>(id, 'bigint').as('media_id'),
          eb(fn.coalesce(fn.max('position'), lit(0)), '+', lit(POSITION_GAP)).as('position'),
        ])
        .where('collection_id', '=', collection),
    )
    .compile(),
)
