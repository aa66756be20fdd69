import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { type Parameter, prepare, type RunPrepared } from '../../database/prepared.ts'
import { decodeBlock, decodeIds, keyAt } from './blocks.ts'
import { listOf, listsOf, type Order } from './lists.ts'

/*
 * Reads ids from order blocks. Each function uses several queries, and each query may see the library at another
 * moment. So the caller says which version of the library it wants. The function returns undefined if a query saw
 * another version, which cannot happen in a transaction.
 */

export interface OrderPage {
  descending: boolean
  /** How many ids to skip. */
  offset: number
  /** How many ids to return at most. */
  limit: number
}

/** Blocks of one query: 1 MiB at most. */
const BLOCKS_AT_ONCE = 256

/** An order whose blocks are counted. */
export interface CountedOrder {
  /** How many items are in it. */
  total: number
  /**
   * Reads the ids of a page, at any depth.
   * @returns undefined if the library has another version by now
   */
  readPage(page: OrderPage): Promise<Uint32Array | undefined>
}

/**
 * Counts the blocks of an order, which every page needs.
 *
 * @param run `database.run`, or `runIn` with a transaction
 * @param version of the library that the ids must be of
 * @returns undefined if the library has another version by now
 */
export async function openOrder(
  run: RunPrepared,
  version: number,
  order: Order,
  isTrash: boolean,
): Promise<CountedOrder | undefined> {
  const lists: { list: number; counts: readonly number[]; total: number }[] = []
  for (const list of listsOf(order, isTrash)) {
    const counts = await readCounts(run, version, list)
    if (!counts) return undefined
    lists.push({ list, counts, total: counts.reduce((sum, count) => sum + count, 0) })
  }
  return {
    total: lists.reduce((sum, { total }) => sum + total, 0),
    async readPage({ descending, offset, limit }) {
      const parts: Uint32Array[] = []
      let skip = offset
      let wanted = limit
      for (const { list, counts, total } of lists) {
        const taken = Math.max(0, Math.min(wanted, total - skip))
        if (taken > 0) {
          // The positions in ascending order.
          const from = descending ? total - skip - taken : skip
          const ids = await readSlice(run, version, list, counts, from, taken)
          if (!ids) return undefined
          parts.push(descending ? ids.reverse() : ids)
        }
        wanted -= taken
        skip = Math.max(0, skip - total)
      }
      return concatenate(parts)
    },
  }
}

/** The ids of one page. Otherwise like `openOrder`. */
export async function readOrderPage(
  run: RunPrepared,
  version: number,
  order: Order,
  isTrash: boolean,
  page: OrderPage,
): Promise<Uint32Array | undefined> {
  return (await openOrder(run, version, order, isTrash))?.readPage(page)
}

/** The counts of the blocks of a list, in order. */
async function readCounts(
  run: RunPrepared,
  version: number,
  list: number,
): Promise<number[] | undefined> {
  const [row] = await run(findCounts, list)
  return row?.version === version ? JSON.parse(row.counts ?? '[]') : undefined
}

const VERSION = sql`(SELECT version FROM library)`

const findCounts = prepare((db, list: Parameter<number>) => {
  const counts = isPostgres(db) ? sql`json_agg(count)::text` : sql`json_group_array(count)`
  // In a subquery, because both engines sort within the aggregate what they could read in order.
  return sql<{ version: number; counts: string | null }>`
    SELECT ${VERSION} AS version, ${counts} AS counts FROM (
      SELECT count, lower_key, lower_id FROM order_blocks WHERE list = ${list}
      ORDER BY lower_key, lower_id
    ) AS blocks`.compile(db)
})

/** @param from the position of the first id, and `length` how many; there are as many */
async function readSlice(
  run: RunPrepared,
  version: number,
  list: number,
  counts: readonly number[],
  from: number,
  length: number,
): Promise<Uint32Array | undefined> {
  const ids = new Uint32Array(length)
  let block = 0
  let start = 0
  for (; start + (counts[block] ?? 0) <= from; block++) start += counts[block] ?? 0
  let end = block
  for (let covered = start; covered < from + length; end++) covered += counts[end] ?? 0
  for (; block < end; block += BLOCKS_AT_ONCE) {
    const rows = await run(findNth, list, block, Math.min(BLOCKS_AT_ONCE, end - block))
    for (const row of rows) {
      if (row.version !== version) return undefined
      const found = decodeIds(row.ids)
      const first = Math.max(0, from - start)
      ids.set(found.subarray(first, from + length - start), start + first - from)
      start += found.length
    }
  }
  if (start < from + length) throw new Error(`The blocks of list ${list} lack ids.`)
  return ids
}

/**
 * A parameter of LIMIT or OFFSET. SQLite plans a statement again each time such a parameter is bound, unless it is in a
 * subquery of its own.
 */
const stable = (value: Parameter<number>) => sql`(SELECT CAST(${value} AS bigint))`

// The subquery reads only the index. Without it, PostgreSQL would read the row of each block that it skips.
const findNth = prepare(
  (db, list: Parameter<number>, skip: Parameter<number>, count: Parameter<number>) =>
    sql<{ version: number; ids: Uint8Array }>`
      SELECT ${VERSION} AS version, ids FROM order_blocks
      WHERE list = ${list} AND (lower_key, lower_id) >= (
        SELECT lower_key, lower_id FROM order_blocks WHERE list = ${list}
        ORDER BY lower_key, lower_id LIMIT 1 OFFSET ${stable(skip)}
      )
      ORDER BY lower_key, lower_id LIMIT ${stable(count)}`.compile(db),
)

/**
 * The ids of the items whose key is from `from` to `to`, both included, for `fromIds` of `filter/id-set.ts`. Keys are
 * looked at only in the blocks at both ends. Items without a key, because they have no date, are not among them.
 *
 * @returns in any order; undefined like `openOrder`
 */
export async function readRange(
  run: RunPrepared,
  version: number,
  order: Order,
  isTrash: boolean,
  from: Uint8Array,
  to: Uint8Array,
): Promise<Uint32Array | undefined> {
  if (Buffer.compare(from, to) > 0) return new Uint32Array(0)
  const rows = await run(findRange, listOf(order, isTrash), from, to)
  const whole: Uint8Array[] = []
  const edges: Uint32Array[] = []
  for (const { version: seen, ids, keys } of rows) {
    if (seen !== version) return undefined
    if (ids === null) continue
    if (keys === null) {
      whole.push(ids)
      continue
    }
    const entries = decodeBlock({ ids, keys })
    const isWithin = (_: number, index: number) => {
      const key = keyAt(entries, index)
      return Buffer.compare(key, from) >= 0 && Buffer.compare(key, to) <= 0
    }
    edges.push(entries.ids.filter(isWithin))
  }
  return concatenate([decodeIds(Buffer.concat(whole)), ...edges])
}

/** The greatest bound in the list that is at most the one given: the block that an entry is in, whatever its id. */
const blockBelow = (list: Parameter<number>, comparison: '<' | '<=', key: Parameter<Uint8Array>) =>
  sql`SELECT lower_key, lower_id FROM order_blocks
    WHERE list = ${list} AND lower_key ${sql.raw(comparison)} ${key}
    ORDER BY lower_key DESC, lower_id DESC LIMIT 1`

/**
 * One row at least, for the version. The keys are there only for the block that begins below the range, and for the
 * last one: the keys of the others are between two bounds within the range.
 */
const findRange = prepare(
  (db, list: Parameter<number>, from: Parameter<Uint8Array>, to: Parameter<Uint8Array>) => {
    const bytes = (key: Parameter<Uint8Array>) =>
      (isPostgres(db) ? sql`CAST(${key} AS bytea)` : key) as Parameter<Uint8Array>
    return sql<{ version: number; ids: Uint8Array | null; keys: Uint8Array | null }>`
      WITH below AS (${blockBelow(list, '<', bytes(from))}), last AS (${blockBelow(list, '<=', bytes(to))})
      SELECT library.version, block.ids, CASE
        WHEN block.lower_key < ${bytes(from)} THEN block.keys
        WHEN (block.lower_key, block.lower_id) = (SELECT lower_key, lower_id FROM last) THEN block.keys
      END AS keys
      FROM library LEFT JOIN order_blocks AS block
        ON block.list = ${list} AND block.lower_key <= ${bytes(to)}
        AND block.lower_key >= coalesce((SELECT lower_key FROM below), ${bytes(from)})
        AND (block.lower_key >= ${bytes(from)}
          OR (block.lower_key, block.lower_id) = (SELECT lower_key, lower_id FROM below))
      ORDER BY block.lower_key, block.lower_id`.compile(db)
  },
)

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const [first] = parts
  if (first && parts.length === 1) return first
  const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
