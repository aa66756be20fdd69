import { sql } from 'kysely'
import { listed, type Parameter, prepare, type RunPrepared } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { pageOf } from '../filter/id-set.ts'
import { compareEntries } from './blocks.ts'
import { numberKey } from './keys.ts'
import {
  collectionOf,
  EMPTY_STATE,
  entryOf,
  type ListEntry,
  listOf,
  listsOf,
  type Order,
  PLACINGS,
} from './lists.ts'
import type { OrderPage } from './order-pages.ts'
import type { FoundSet } from './set-walk.ts'

/**
 * The ids of a page of a small set, by reading the keys of all its items and sorting them.
 *
 * @returns undefined if the library has another version by now
 */
export async function pageOfFew(
  run: RunPrepared,
  version: number,
  order: Order,
  isTrash: boolean,
  { layout, set, total }: FoundSet,
  { descending, offset, limit }: OrderPage,
): Promise<number[] | undefined> {
  const ids = pageOf(layout, set, { descending: false, offset: 0, limit: total })
  const entries = await readFew(run, version, order, isTrash, JSON.stringify(ids))
  if (!entries) return undefined
  const sign = descending ? -1 : 1
  // The lists of an order follow each other in the order of their numbers, in both directions.
  entries.sort((one, other) => one.list - other.list || sign * compareEntries(one, other))
  return entries.slice(offset, offset + limit).map(({ id }) => id)
}

async function readFew(
  run: RunPrepared,
  version: number,
  order: Order,
  isTrash: boolean,
  ids: string,
): Promise<ListEntry[] | undefined> {
  const list = listOf(order, isTrash)
  const collection = collectionOf(list)
  if (collection !== undefined) {
    const rows = await run(findPositions, collection, ids)
    if (rows.some((row) => row.version !== version)) return undefined
    return rows.map(({ id, position }) => ({ list, key: numberKey(position), id }))
  }
  const placing = PLACINGS.find(({ orders }) => orders.includes(order))
  const find = placing && FIND[placing.column]
  if (!find) throw new Error(`There is no order ${order}.`)
  const rows = await run(find, ids)
  if (rows.some((row) => row.version !== version)) return undefined
  const wanted = listsOf(order, isTrash)
  return rows.flatMap((row) => {
    const entry = entryOf(placing, { ...EMPTY_STATE, ...row })
    return entry && wanted.includes(entry.list) ? entry : []
  })
}

const VERSION = sql<number>`(SELECT version FROM library)`

const findPositions = prepare((db, collection: Parameter<number>, ids: Parameter<string>) =>
  db
    .selectFrom('collection_items')
    .select(['media_id as id', 'position', VERSION.as('version')])
    .where('collection_id', '=', collection)
    .where('media_id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)

const selectItems = (db: Queries, ids: Parameter<string>) =>
  db
    .selectFrom('media')
    .select(['media.id', 'media.trashed_at', VERSION.as('version')])
    .where('media.id', 'in', listed<number>(db, 'bigint', ids))

const ofMedia = (column: 'name' | 'taken_at' | 'changed_at') =>
  prepare((db, ids: Parameter<string>) => selectItems(db, ids).select(`media.${column}`).compile())

const ofFiles = (column: 'size' | 'width' | 'height') =>
  prepare((db, ids: Parameter<string>) =>
    selectItems(db, ids)
      .innerJoin('files', 'files.id', 'media.file_id')
      .select(`files.${column}`)
      .compile(),
  )

const FIND = {
  name: ofMedia('name'),
  taken_at: ofMedia('taken_at'),
  changed_at: ofMedia('changed_at'),
  size: ofFiles('size'),
  width: ofFiles('width'),
  height: ofFiles('height'),
}
