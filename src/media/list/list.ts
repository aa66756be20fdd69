import { type CompiledQuery, sql } from 'kysely'
import type { Ask } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'
import { type BlockRow, countBlocks, findPlace, LARGE, type ReadBlocks } from './rank.ts'
import { matchingIds } from './search.ts'

export interface ListQuery {
  order: 'added-asc' | 'added-desc'
  limit: number
  offset: number
  /** Folded; none means everything. */
  terms: readonly string[]
}

/** What is known of a list before its rows are read. */
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
  /** Of the library, at the moment they were read. */
  version: number
  count: number
  /** `{"id":…},{"id":…}` between what was wanted around it, in UTF-8; null where there are none. */
  json: Uint8Array | string | null
  /** Of them, those whose JSON is not there. */
  missing: number
  /** Of the last one. */
  last: number | null
  /** How many matches there are, where that comes with some of them. */
  total: number | null
}

/** What comes before the items of an answer, and after them. */
export const OPENING = '{"media":['
export const endOf = ({ max, from, to }: ListSummary) => `],"max":${max},"from":${from},"to":${to}}`

/** The bytes of a slice, which are not copied. */
export const toBuffer = (json: Uint8Array | string): Buffer =>
  typeof json === 'string'
    ? Buffer.from(json)
    : Buffer.from(json.buffer, json.byteOffset, json.byteLength)

/** How what a list is made from is read: at which moment, and what may be from memory. */
export interface Source {
  ask: Ask
  /** For queries that are built each time. */
  db: Queries
  statements: ListStatements
  readBlocks: ReadBlocks
  countMatches(terms: readonly string[]): Promise<Counted>
}

/** How many items match a search, and of which version of the library. */
export interface Counted {
  version: number
  total: number
}

/** The number of matches, and the positions of those that the query wants. */
export async function summarizeList(source: Source, query: ListQuery): Promise<ListSummary> {
  const { terms } = query
  const total =
    terms.length === 0
      ? countBlocks(await source.readBlocks(LARGE, 0, Number.MAX_SAFE_INTEGER))
      : (await source.countMatches(terms)).total
  return summarize(query, total)
}

export function summarize({ limit, offset }: ListQuery, total: number): ListSummary {
  const returned = Math.max(0, Math.min(limit, total - offset))
  return {
    total,
    max: Math.ceil(total / limit),
    from: returned === 0 ? 0 : offset + 1,
    to: returned === 0 ? 0 : offset + returned,
  }
}

export async function countMatches(db: Queries, terms: readonly string[]): Promise<Counted> {
  const { rows } = await sql<Counted>`
    SELECT (SELECT version FROM library) AS version, count(*) AS total
    FROM (${matchingIds(db, terms)}) AS matches`.execute(db)
  const [counted] = rows
  if (!counted) throw new Error('An aggregate has no row.')
  return counted
}

/** The id of the first item of a list of the whole library: the offset costs nothing. */
export async function findFirst(
  source: Source,
  { order, offset }: ListQuery,
  { total }: ListSummary,
): Promise<number> {
  const rank = order === 'added-asc' ? offset : total - 1 - offset
  const place = await findPlace(rank, source.readBlocks)
  // Of blocks that have lost none of their items nothing needs to be read.
  if (place?.isFull) return place.start + place.rest
  const [item] = place ? await source.ask(source.statements.nth, place.start, place.rest) : []
  // Where the counts are of another moment than the items, the version tells.
  return item?.id ?? 0
}

/**
 * Items from an id on, in either order.
 * @param around what is put before and after them: here it costs less than to copy the bytes
 */
export async function readSlice(
  { ask, statements }: Source,
  order: ListQuery['order'],
  first: number,
  count: number,
  around: readonly [string, string],
): Promise<Slice> {
  const [slice] = await ask(statements[order], ...around, first, count)
  if (!slice) throw new Error('An aggregate has no row.')
  return slice
}

/**
 * A slice of the matches. On SQLite it comes in the order of the search index itself, and nothing is
 * sorted. PostgreSQL finds all of them first, and so counts them along the way.
 */
export async function readMatches(
  db: Queries,
  { order, offset, terms }: ListQuery,
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
 * A row for each item, for lists of which no end is in sight.
 * @param first id of a list of the whole library
 */
export function selectRows(
  db: Queries,
  { order, offset, terms }: ListQuery,
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

const from = (order: ListQuery['order']) => (order === 'added-asc' ? sql`>=` : sql`<=`)
const direction = (order: ListQuery['order']) => (order === 'added-asc' ? sql`ASC` : sql`DESC`)

/**
 * A parameter of LIMIT or OFFSET. SQLite plans a statement anew each time that such a parameter is
 * bound, which costs as much as a page; not if it stands in a query of its own.
 */
const stable = (value: number) => sql`(SELECT CAST(${value} AS bigint))`

/** The queries that every list asks. */
export interface ListStatements {
  /** Level, first and last block. */
  blocks: CompiledQuery<BlockRow>
  /** The id of an item: the first id that may come, and how many to skip. */
  nth: CompiledQuery<{ id: number }>
  /** What comes before and after the items, the first id, and how many. */
  'added-asc': CompiledQuery<Slice>
  'added-desc': CompiledQuery<Slice>
}

export function compileListStatements(db: Queries): ListStatements {
  const slice = (order: ListQuery['order']) => {
    return aggregate(
      db,
      order,
      sql`SELECT id, json FROM media_json WHERE id ${from(order)} ${0}
        ORDER BY id ${direction(order)} LIMIT ${stable(0)}`,
      ['', ''],
    ).compile(db)
  }
  return {
    blocks: db
      .selectFrom('media_counts')
      .select(['block', 'count'])
      .where('level', '=', 0)
      .where('block', '>=', 0)
      .where('block', '<=', 0)
      .orderBy('block')
      .compile(),
    nth: sql<{ id: number }>`
      SELECT id FROM media WHERE id >= ${0} ORDER BY id LIMIT 1 OFFSET ${stable(0)}`.compile(db),
    'added-asc': slice('added-asc'),
    'added-desc': slice('added-desc'),
  }
}

/** All items of a subquery as one text, which costs a fraction of what as many rows do. */
function aggregate(
  db: Queries,
  order: ListQuery['order'],
  items: ReturnType<typeof sql>,
  [before, after]: readonly [string, string],
  total = sql`NULL`,
) {
  const last = order === 'added-asc' ? sql`max(id)` : sql`min(id)`
  // SQLite gives bytes that can be sent as they are, and takes the rows in the subquery's order.
  const json = isPostgres(db)
    ? sql`${before}::text || string_agg(json, ',' ORDER BY id ${direction(order)}) || ${after}::text`
    : sql`CAST(${before} || group_concat(json) || ${after} AS BLOB)`
  return sql<Slice>`
    SELECT (SELECT version FROM library) AS version, count(*) AS count,
      count(*) - count(json) AS missing, ${json} AS json, ${last} AS last,
      ${total} AS total
    FROM (${items}) AS items`
}
