import { type CompiledQuery, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { type Parameter, prepare, type RunPrepared } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { Filter } from '../filter/filter.ts'
import { type IdOrder, isIdOrder, type Order } from '../order/read-order.ts'
import { countBlocks, findPlace, LARGE, type ReadBlocks } from './rank.ts'
import { matchingIds } from './search.ts'

export interface ListQuery<ListOrder extends Order = Order> {
  order: ListOrder
  limit: number
  offset: number
  /** Folded; none means everything. */
  terms: readonly string[]
  filter?: Filter
}

/** A list without a filter, in the order of the ids. Its rows are found without a set of ids. */
export type PlainQuery = ListQuery<IdOrder>

export const isPlain = (query: ListQuery): query is PlainQuery =>
  query.filter === undefined && isIdOrder(query.order)

/** What is known about a list before its rows are read. */
export interface ListSummary {
  /** Matching items. */
  total: number
  /** Pages of size `limit` in the whole result. */
  max: number
  /** 1-based positions of the first and last item returned; 0 when there is none. */
  from: number
  to: number
}

/** The items of a list, or a part of them, as they are sent. */
export interface Slice {
  /** The library's version when the items were read. */
  version: number
  count: number
  /** `{"id":…},{"id":…}` between the texts that were put around it, in UTF-8; null if there are no items. */
  json: Uint8Array | string | null
  /** How many of the items have no JSON. */
  missing: number
  /** Id of the last item. */
  last: number | null
  /** The number of all matches, if the query that reads some of them also counts them. */
  total: number | null
}

/** The text before the items of an answer, and the text after them. */
export const OPENING = '{"media":['
export const endOf = ({ max, from, to }: ListSummary) => `],"max":${max},"from":${from},"to":${to}}`

/** The bytes of a slice, without a copy if they are bytes already. */
export const toBuffer = (json: Uint8Array | string): Buffer =>
  typeof json === 'string'
    ? Buffer.from(json)
    : Buffer.from(json.buffer, json.byteOffset, json.byteLength)

/** Reads the data of a list. Each source decides at which moment, and what may come from memory. */
export interface Source {
  run: RunPrepared
  /** For queries that are not prepared. */
  db: Queries
  readBlocks: ReadBlocks
  countMatches(terms: readonly string[]): Promise<Counted>
}

/** How many items match a search, and in which version of the library. */
export interface Counted {
  version: number
  total: number
}

/** The number of matches, and the positions of the items that the query asks for. */
export async function summarizeList(source: Source, query: PlainQuery): Promise<ListSummary> {
  const { terms } = query
  const total =
    terms.length === 0
      ? countBlocks(await source.readBlocks(LARGE, 0, Number.MAX_SAFE_INTEGER))
      : (await source.countMatches(terms)).total
  return summarize(query, total)
}

export function summarize(
  { limit, offset }: Pick<ListQuery, 'limit' | 'offset'>,
  total: number,
): ListSummary {
  const returned = Math.max(0, Math.min(limit, total - offset))
  return {
    total,
    max: Math.ceil(total / limit),
    from: returned === 0 ? 0 : offset + 1,
    to: returned === 0 ? 0 : offset + returned,
  }
}

/** How many items a part of a list has. */
export const lengthOf = ({ from, to }: Pick<ListSummary, 'from' | 'to'>): number =>
  from === 0 ? 0 : to - from + 1

export async function countMatches(db: Queries, terms: readonly string[]): Promise<Counted> {
  const { rows } = await sql<Counted>`
    SELECT (SELECT version FROM library) AS version, count(*) AS total
    FROM (${matchingIds(db, terms)}) AS matches`.execute(db)
  const [counted] = rows
  if (!counted) throw new Error('An aggregate has no row.')
  return counted
}

/** The id of the first item in a list of the whole library. A large offset costs no more than a small one. */
export async function findFirst(
  source: Source,
  { order, offset }: PlainQuery,
  { total }: ListSummary,
): Promise<number> {
  const rank = order === 'added-asc' ? offset : total - 1 - offset
  const place = await findPlace(rank, source.readBlocks)
  // In a block that has lost none of its items, the id follows from the position without a query.
  if (place?.isFull) return place.start + place.rest
  const [item] = place ? await source.run(findNth, place.start, place.rest) : []
  // If the counts are of another moment than the items, the check of the version finds out.
  return item?.id ?? 0
}

/**
 * Items from an id on, in either order.
 * @param around texts before and after them; added here, because later it would cost a copy of the bytes
 */
export async function readSlice(
  { run }: Source,
  order: IdOrder,
  first: number,
  count: number,
  around: readonly [string, string],
): Promise<Slice> {
  const [slice] = await run(findSlice[order], ...around, first, count)
  if (!slice) throw new Error('An aggregate has no row.')
  return slice
}

/**
 * A slice of the matches. SQLite returns them in the order of the search index, and sorts nothing.
 * PostgreSQL finds all matches first, and so counts them along the way.
 */
export async function readMatches(
  db: Queries,
  { order, offset, terms }: PlainQuery,
  count: number,
  around: readonly [string, string],
): Promise<Slice> {
  const [matches, source, total] = isPostgres(db)
    ? [
        sql`WITH matches AS MATERIALIZED (${matchingIds(db, terms)})`,
        sql`matches`,
        sql`(SELECT count(*) FROM matches)`,
      ]
    : [sql``, sql`(${matchingIds(db, terms)})`, sql`NULL`]
  const slice = aggregate(
    db,
    order,
    sql`SELECT hits.id, json FROM (
      SELECT id FROM ${source} AS matches
      ORDER BY id ${direction(order)} LIMIT ${stable(count)} OFFSET ${stable(offset)}
    ) AS hits LEFT JOIN media_json ON media_json.id = hits.id
    ORDER BY hits.id ${direction(order)} LIMIT ${stable(count)}`,
    around,
    total,
  )
  const { rows } = await sql<Slice>`${matches} ${slice}`.execute(db)
  const [found] = rows
  if (!found) throw new Error('An aggregate has no row.')
  if (found.missing > 0) throw new Error(`The JSON of ${found.missing} matches is missing.`)
  return found
}

/**
 * One row for each item, for lists of any length.
 * @param first the id of the first item, in a list of the whole library; undefined for a search
 */
export function selectRows(
  db: Queries,
  { order, offset, terms }: PlainQuery,
  first: number | undefined,
  count: number,
): CompiledQuery<{ json: string }> {
  const ids =
    first === undefined
      ? sql`
          SELECT id FROM (${matchingIds(db, terms)}) AS matches
          ORDER BY id ${direction(order)} LIMIT ${count} OFFSET ${offset}`
      : sql`
          SELECT id FROM media_json WHERE id ${from(order)} ${first}
          ORDER BY id ${direction(order)} LIMIT ${count}`
  return sql<{ json: string }>`
    SELECT json FROM (${ids}) AS hits JOIN media_json ON media_json.id = hits.id
    ORDER BY hits.id ${direction(order)}`.compile(db)
}

const from = (order: IdOrder) => (order === 'added-asc' ? sql`>=` : sql`<=`)
const direction = (order: IdOrder) => (order === 'added-asc' ? sql`ASC` : sql`DESC`)

/**
 * A parameter of LIMIT or OFFSET. SQLite plans a statement again each time such a parameter is bound, which
 * costs as much as reading a page. It does not if the parameter is in a subquery of its own.
 */
const stable = (value: number | Parameter<number>) => sql`(SELECT CAST(${value} AS bigint))`

/** The blocks of a level, in order, from `first` to `last`, both included. */
export const findBlocks = prepare(
  (db, level: Parameter<number>, first: Parameter<number>, last: Parameter<number>) =>
    db
      .selectFrom('media_counts')
      .select(['block', 'count'])
      .where('level', '=', level)
      .where('block', '>=', first)
      .where('block', '<=', last)
      .orderBy('block')
      .compile(),
)

/** The id of an item, found by the smallest id that it may have and the number of items to skip. */
const findNth = prepare((db, start: Parameter<number>, skipped: Parameter<number>) =>
  sql<{ id: number }>`
    SELECT id FROM media_json WHERE id >= ${start} ORDER BY id LIMIT 1 OFFSET ${stable(skipped)}`.compile(
    db,
  ),
)

const prepareSlice = (order: IdOrder) =>
  prepare(
    (
      db,
      before: Parameter<string>,
      after: Parameter<string>,
      first: Parameter<number>,
      count: Parameter<number>,
    ) =>
      aggregate(
        db,
        order,
        sql`SELECT id, json FROM media_json WHERE id ${from(order)} ${first}
          ORDER BY id ${direction(order)} LIMIT ${stable(count)}`,
        [before, after],
      ).compile(db),
  )

const findSlice = {
  'added-asc': prepareSlice('added-asc'),
  'added-desc': prepareSlice('added-desc'),
}

type Text = string | Parameter<string>

/** All items of a subquery as one text, which costs a fraction of as many rows. */
function aggregate(
  db: Queries,
  order: IdOrder,
  items: ReturnType<typeof sql>,
  [before, after]: readonly [Text, Text],
  total = sql`NULL`,
) {
  const last = order === 'added-asc' ? sql`max(id)` : sql`min(id)`
  // SQLite returns bytes that can be sent unchanged, and joins the rows in the subquery's order.
  const json = isPostgres(db)
    ? sql`${before}::text || string_agg(json, ',' ORDER BY id ${direction(order)}) || ${after}::text`
    : sql`CAST(${before} || group_concat(json) || ${after} AS BLOB)`
  return sql<Slice>`
    SELECT (SELECT version FROM library) AS version, count(*) AS count,
      count(*) - count(json) AS missing, ${json} AS json, ${last} AS last,
      ${total} AS total
    FROM (${items}) AS items`
}
