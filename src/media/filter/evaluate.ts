import { sql } from 'kysely'
import { normalizeUsername } from '../../auth/accounts/find-user.ts'
import { isPostgres } from '../../database/engine.ts'
import { isListed, listedRows, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { ChunkRow } from './chunk.ts'
import type { Facet } from './facets.ts'
import type { Filter } from './filter.ts'
import {
  addRows,
  createLayout,
  emptySet,
  fromIds,
  type IdLayout,
  type IdSet,
  idsBetween,
  intersect,
  subtract,
  toIdSet,
} from './id-set.ts'

/** The numbers of an item that a filter compares with a range: pixels, bytes, or a local time as if it were UTC. */
export type RangeKind = 'width' | 'height' | 'size' | 'taken'

/**
 * Returns the ids of the items that have a number from `from` to `to`, both included, in any order. A filter of the
 * library needs no items of the trash, and the other way round. Every number has a key in `order/keys.ts`.
 */
export type ReadRange = (kind: RangeKind, from: number, to: number) => Promise<Iterable<number>>

/** The ids of the items that a filter finds. */
export interface Matches {
  /** Has room for all ids of the set, but perhaps not for the ids of all items. */
  layout: IdLayout
  set: IdSet
}

/**
 * Finds the items that match a filter.
 *
 * @param db a transaction, so that all is read from one state of the database
 */
export async function evaluateFilter(
  db: Queries,
  filter: Filter,
  readRange: ReadRange,
): Promise<Matches> {
  const { needed, excluded } = conditionsOf(filter)
  const facets = await readFacets(db, [...needed.flat(), ...excluded])
  const groups = needed
    .map((group) => findGroup(group, facets))
    .sort((one, other) => one.items - other.items)
  const [smallest, ...others] = groups
  if (!smallest || smallest.items === 0) return nothing()
  const unwanted = findGroup(excluded, facets)

  const ids = [...new Set([...groups, unwanted].flatMap((group) => group.ids))]
  const chunks = await readChunks(db, ids, smallest.ids)
  const rowsOf = (group: Group) => group.ids.flatMap((id) => chunks.get(id) ?? [])
  const layout = createLayout(rowsOf(smallest))
  const set = addRows(emptySet(layout), layout, rowsOf(smallest))
  for (const group of others) {
    intersect(set, addRows(emptySet(layout), layout, rowsOf(group)))
    if (isEmpty(set)) return nothing()
  }
  if (unwanted.ids.length > 0) {
    subtract(set, addRows(emptySet(layout), layout, rowsOf(unwanted)))
  }
  for (const range of rangesOf(filter)) {
    if (isEmpty(set)) return nothing()
    intersect(set, fromIds(layout, await readRange(range.kind, range.from, range.to)))
  }
  if (filter.added && !isEmpty(set)) {
    const { from, to } = filter.added
    const [first, end] = [await firstAddedSince(db, from), await firstAddedSince(db, to)]
    intersect(set, idsBetween(layout, first, end))
  }
  return { layout, set }
}

/** The ids of a layout that have a facet. */
export async function readFacetSet(db: Queries, layout: IdLayout, facet: Facet): Promise<IdSet> {
  const { ids } = findGroup([facet], await readFacets(db, [facet]))
  const chunks = await readChunks(db, ids, ids)
  return toIdSet(
    layout,
    ids.flatMap((id) => chunks.get(id) ?? []),
  )
}

function nothing(): Matches {
  const layout = createLayout([])
  return { layout, set: emptySet(layout) }
}

const isEmpty = (set: IdSet) => set.every((word) => word === 0)

interface Conditions {
  /** An item has at least one facet of each group. */
  needed: Facet[][]
  /** An item has none of these. */
  excluded: Facet[]
}

function conditionsOf(filter: Filter): Conditions {
  const needed: Facet[][] = [[{ kind: 'in', value: filter.in ?? 'library' }]]
  const excluded: Facet[] = []
  const each = (kind: Facet['kind'], values: readonly string[] = []) =>
    values.map((value) => ({ kind, value }))
  const all = (facets: readonly Facet[]) => needed.push(...facets.map((facet) => [facet]))

  if (filter.type) needed.push(each('type', filter.type))
  all(each('tag', filter.tag))
  if (filter.anyTag) needed.push(each('tag', filter.anyTag))
  excluded.push(...each('tag', filter.notTag))
  if (filter.collection === 'none') excluded.push({ kind: 'has', value: 'collection' })
  else if (filter.collection !== undefined) all(each('under', [String(filter.collection)]))
  all(each('has', filter.has))
  excluded.push(...each('has', filter.lacks))
  if (filter.orientation) all(each('orientation', [filter.orientation]))
  if (filter.animated !== undefined) all(each('animated', [String(filter.animated)]))
  if (filter.minRating) needed.push(each('rating', RATINGS.slice(filter.minRating)))
  if (filter.addedBy !== undefined) {
    // Another service's names are of any form; a name of ours is stored in its normal form.
    const names = new Set([filter.addedBy, normalizeUsername(filter.addedBy) ?? filter.addedBy])
    needed.push(each('addedBy', [...names]))
  }
  if (filter.color) all(each('color', [filter.color]))
  all(each('reveals', filter.reveals))
  return { needed, excluded }
}

const RATINGS = ['0', '1', '2', '3', '4', '5'] as const

/** The largest number that a key holds; no image has as many pixels or bytes. */
const MAX_NUMBER = 2 ** 48 - 1
/** Local times are whole seconds. */
const SECOND = 1000

function rangesOf(filter: Filter) {
  const ranges: { kind: RangeKind; from: number; to: number }[] = []
  const add = (kind: RangeKind, from = 0, to = MAX_NUMBER) => {
    if (from > 0 || to < MAX_NUMBER) ranges.push({ kind, from, to })
  }
  add('width', filter.minWidth, filter.maxWidth)
  add('height', filter.minHeight, filter.maxHeight)
  add('size', filter.minSize, filter.maxSize)
  if (filter.taken)
    ranges.push({ kind: 'taken', from: filter.taken.from, to: filter.taken.to - SECOND })
  return ranges
}

interface Group {
  /** The ids of its facets. */
  ids: number[]
  /** At most this many items have one of the facets. */
  items: number
}

/** By `kind:value`. */
type Facets = ReadonlyMap<string, { id: number; items: number }>

function findGroup(group: readonly Facet[], facets: Facets): Group {
  const found = group.flatMap(({ kind, value }) => facets.get(`${kind}:${value}`) ?? [])
  return {
    ids: found.map(({ id }) => id),
    items: found.reduce((sum, { items }) => sum + items, 0),
  }
}

async function readFacets(db: Queries, wanted: readonly Facet[]): Promise<Facets> {
  const rows = await runIn(db, findFacets, JSON.stringify(wanted))
  return new Map(rows.map((row) => [`${row.kind}:${row.value}`, row]))
}

const findFacets = prepare((db, wanted: Parameter<string>) =>
  sql<{ id: number; kind: string; value: string; items: number }>`
    SELECT id, kind, value, items FROM facets
    WHERE (kind, value) IN (
      SELECT kind, value FROM ${listedRows(db, { kind: 'text', value: 'text' }, wanted)} AS wanted
    )`.compile(db),
)

/**
 * Reads the chunks of facets, but only those that some of the facets have.
 * @returns the rows by the id of the facet
 */
async function readChunks(
  db: Queries,
  ids: readonly number[],
  within: readonly number[],
): Promise<ReadonlyMap<number, readonly ChunkRow[]>> {
  const joined = await runIn(db, findJoined, JSON.stringify(ids), JSON.stringify(within))
  return new Map(joined.map((row) => [row.facet_id, splitChunks(row)]))
}

/** The chunks of a facet as one value. Its parts are in the order of the two lists, which are JSON. */
interface JoinedChunks {
  facet_id: number
  chunks: string
  lengths: string
  bits: Uint8Array
}

// Both drivers take longer for hundreds of small values than for a large one. SQLite joins no blobs, but texts of any bytes.
const findJoined = prepare((db, ids: Parameter<string>, within: Parameter<string>) => {
  const joined = isPostgres(db)
    ? sql`json_agg(chunk)::text AS chunks, json_agg(octet_length(bits))::text AS lengths,
        string_agg(bits, ''::bytea) AS bits`
    : sql`json_group_array(chunk) AS chunks, json_group_array(octet_length(bits)) AS lengths,
        CAST(group_concat(CAST(bits AS TEXT), '') AS BLOB) AS bits`
  return sql<JoinedChunks>`
    SELECT facet_id, ${joined}
    FROM facet_chunks
    WHERE ${isListed<number>(db, sql`facet_id`, 'bigint', ids)} AND chunk IN (
      SELECT chunk FROM facet_chunks WHERE ${isListed<number>(db, sql`facet_id`, 'bigint', within)}
    )
    GROUP BY facet_id`.compile(db)
})

function splitChunks({ chunks, lengths, bits }: JoinedChunks): ChunkRow[] {
  const numbers: number[] = JSON.parse(chunks)
  const sizes: number[] = JSON.parse(lengths)
  let end = 0
  return numbers.map((chunk, index) => {
    const start = end
    end += sizes[index] ?? 0
    return { chunk, bits: bits.subarray(start, end) }
  })
}

/**
 * The smallest id from which on all items were added at that time or later. Times never decrease as ids grow, so a
 * binary search finds it, in one statement.
 */
async function firstAddedSince(db: Queries, time: number): Promise<number> {
  const [row] = await runIn(db, searchAdded, time)
  return row?.id ?? 0
}

const searchAdded = prepare((db, time: Parameter<number>) => {
  const middle = sql`(low + high) / 2`
  const isBefore = sql`
    (SELECT added_at FROM media WHERE id >= ${middle} ORDER BY id LIMIT 1) < ${time}`
  return sql<{ id: number }>`
    WITH RECURSIVE search (low, high) AS (
      SELECT coalesce((SELECT min(id) FROM media), 0), coalesce((SELECT max(id) FROM media), 0) + 1
      UNION ALL
      SELECT CASE WHEN ${isBefore} THEN ${middle} + 1 ELSE low END,
        CASE WHEN ${isBefore} THEN high ELSE ${middle} END
      FROM search WHERE low < high
    )
    SELECT max(low) AS id FROM search`.compile(db)
})
