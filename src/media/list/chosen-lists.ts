import { createRecent } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import {
  listed,
  type Parameter,
  prepare,
  type RunPrepared,
  runWithin,
} from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { type Filter, writeFilter } from '../filter/filter.ts'
import { pageOf, subtract } from '../filter/id-set.ts'
import { type ReadState, readVersion } from '../library-state.ts'
import { collectionOrder, ORDERS } from '../order/lists.ts'
import { createOrderMemory, type SetPages } from '../order/order-memory.ts'
import { type OrderPage, openOrder } from '../order/order-pages.ts'
import { isIdOrder } from '../order/read-order.ts'
import { type Chosen, chooseItems, readTrashedJson } from './choose-items.ts'
import { type ListQuery, type ListSummary, lengthOf, summarize } from './list.ts'

/** Memory for the sets of ids of recent filters and searches: 125 kB each in a library of a million items. */
const MAX_BYTES = 16 * 1024 * 1024
/** How often a page is tried while the library keeps changing. After that it is read in one transaction. */
const ATTEMPTS = 3

/** A part of a list, as ids in their order. */
export interface FoundIds {
  summary: ListSummary
  ids: readonly number[]
}

/** Lists with a filter, or in another order than by id. */
export interface ChosenLists {
  /**
   * @param firstVersion of the library, read after the list was requested
   * @returns the JSON of each item; undefined if there are more than `most`
   */
  read(
    query: ListQuery,
    firstVersion: number,
    most: number,
  ): Promise<{ summary: ListSummary; items: readonly string[] | undefined }>
  /** Finds the ids in the caller's transaction, and nothing from memory. */
  findWithin(trx: Queries, query: ListQuery): Promise<FoundIds>
}

/** How ids are found: each function returns undefined if the library has another version by now. */
interface Finder {
  run: RunPrepared
  orders: SetPages
  choose(version: number, query: ListQuery): Promise<Chosen | undefined>
}

/**
 * Keeps in memory which items recent filters and searches chose, and the orders that were asked for, until the library
 * changes. As in `list-reader.ts`, several queries read a page, and each returns the version of the library that it
 * saw. If a query saw another version than the first one, the page is read again.
 */
export function createChosenLists(database: Database, readState: ReadState): ChosenLists {
  const orders = createOrderMemory(database)
  let memory = { version: -1, chosen: createRecent<Chosen>(MAX_BYTES) }

  async function choose(version: number, query: ListQuery): Promise<Chosen | undefined> {
    const key = JSON.stringify([
      writeFilter(query.filter),
      query.terms,
      query.order === 'collection',
    ])
    if (memory.version !== version) memory = { version, chosen: createRecent(MAX_BYTES) }
    const kept = memory.chosen
    const known = kept.get(key)
    if (known) return known
    const read = await database.read.transaction().execute(async (trx) => {
      const state = await readVersion(trx)
      return state.version === version ? chooseItems(trx, version, query) : undefined
    })
    if (read) kept.set(key, read, bytesOf(read))
    return read
  }

  return {
    async read(query, firstVersion, most) {
      const { run } = database
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const version = attempt === 0 ? firstVersion : (await readState()).version
        const found = await findIds({ run, orders, choose }, version, query)
        if (!found) continue
        const { summary, ids } = found
        if (ids.length > most) return { summary, items: undefined }
        const items = await readJson(run, version, ids, query.filter, database.read)
        if (items) return { summary, items }
      }
      return database.read.transaction().execute(async (trx) => {
        const { summary, ids } = await findWithin(trx, query)
        if (ids.length > most) return { summary, items: undefined }
        return { summary, items: await readItemsJson(trx, ids, query.filter) }
      })
    },
    findWithin,
  }

  async function findWithin(trx: Queries, query: ListQuery): Promise<FoundIds> {
    const { version } = await readVersion(trx)
    const finder = {
      run: runWithin(trx),
      orders: orders.within(trx),
      choose: () => chooseItems(trx, version, query),
    }
    const found = await findIds(finder, version, query)
    if (!found) throw new Error('The version of the library changed within a transaction.')
    return found
  }
}

const bytesOf = ({ layout, set, direct }: Chosen) =>
  set.byteLength + (direct?.set.byteLength ?? 0) + layout.directory.byteLength

async function findIds(
  finder: Finder,
  version: number,
  query: ListQuery,
): Promise<FoundIds | undefined> {
  const { order, filter, terms } = query
  const isTrash = filter?.in === 'trash'
  const isWhole =
    terms.length === 0 && (filter === undefined || Object.keys(filter).join() === 'in')
  if (isWhole && !isIdOrder(order)) {
    const opened = await openOrder(finder.run, version, numberOf(query), isTrash)
    if (!opened) return undefined
    const summary = summarize(query, opened.total)
    const ids = await opened.readPage(pageFor(query, summary))
    return ids && { summary, ids: [...ids] }
  }
  const chosen = await finder.choose(version, query)
  if (!chosen) return undefined
  const summary = summarize(query, chosen.total)
  const page = pageFor(query, summary)
  const ids = await findPage(finder, version, query, chosen, page)
  return ids && { summary, ids }
}

const pageFor = ({ order, offset }: ListQuery, summary: ListSummary): OrderPage => ({
  descending: order.endsWith('-desc'),
  offset,
  limit: lengthOf(summary),
})

async function findPage(
  { orders }: Finder,
  version: number,
  query: ListQuery,
  chosen: Chosen,
  page: OrderPage,
): Promise<number[] | undefined> {
  const { layout, set, total, direct } = chosen
  if (page.limit === 0) return []
  if (isIdOrder(query.order)) return pageOf(layout, set, page)
  const isTrash = query.filter?.in === 'trash'
  const order = numberOf(query)
  if (!direct) return orders.pageOfSet(version, order, isTrash, { layout, set, total }, page)
  // A collection's own order has only the items that are directly in it. Those of its sub-collections follow.
  const { offset, limit } = page
  const ids = await orders.pageOfSet(version, order, isTrash, { layout, ...direct }, page)
  if (!ids || ids.length === limit) return ids
  const others = subtract(set.slice(), direct.set)
  const rest = {
    descending: false,
    offset: Math.max(0, offset - direct.total),
    limit: limit - ids.length,
  }
  return [...ids, ...pageOf(layout, others, rest)]
}

/** The number of an order that has blocks. */
function numberOf({ order, filter }: ListQuery): number {
  if (order === 'collection') return collectionOrder(Number(filter?.collection))
  const [name] = order.split('-')
  const number = Object.entries(ORDERS).find(([known]) => known === name)?.[1]
  if (number === undefined) throw new Error(`The order ${order} has no blocks.`)
  return number
}

/** @returns the JSON of items, in the order of the ids; undefined if the library has another version by now */
async function readJson(
  run: RunPrepared,
  version: number,
  ids: readonly number[],
  filter: Filter | undefined,
  db: Queries,
): Promise<string[] | undefined> {
  if (ids.length === 0) return []
  const isTrash = filter?.in === 'trash'
  const rows = await (isTrash ? readTrashedJson(db, ids) : run(findJson, JSON.stringify(ids)))
  if (rows.length < ids.length || rows.some((row) => row.version !== version)) return undefined
  const byId = new Map(rows.map(({ id, json }) => [id, json]))
  return ids.map((id) => byId.get(id) ?? '')
}

/**
 * The JSON of items of the library or of the trash, in the order of the ids.
 * @throws Error if one is missing, as only in a damaged database
 */
export async function readItemsJson(
  trx: Queries,
  ids: readonly number[],
  filter: Filter | undefined,
): Promise<string[]> {
  const { version } = await readVersion(trx)
  const items = await readJson(runWithin(trx), version, ids, filter, trx)
  if (!items) throw new Error('The JSON of an item of a list is missing.')
  return items
}

const findJson = prepare((db, ids: Parameter<string>) =>
  db
    .selectFrom('media_json')
    .select([
      'id',
      'json',
      (row) => row.selectFrom('library').select('version').$asScalar().$notNull().as('version'),
    ])
    .where('id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)
