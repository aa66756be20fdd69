import { sql } from 'kysely'
import type { Queries } from '../database/tables.ts'
import { type ItemRow, selectItems } from './item.ts'
import { countMedia, findIdAtRank } from './rank.ts'
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

/** Counts the matches. Call it on the same transaction as `selectPage`. */
export async function summarizeList(db: Queries, query: ListQuery): Promise<ListSummary> {
  const { limit, offset, terms } = query
  const total = terms.length === 0 ? await countMedia(db) : await countMatches(db, terms)
  const returned = Math.max(0, Math.min(limit, total - offset))
  return {
    total,
    max: Math.ceil(total / limit),
    from: returned === 0 ? 0 : offset + 1,
    to: returned === 0 ? 0 : offset + returned,
  }
}

async function countMatches(db: Queries, terms: readonly string[]): Promise<number> {
  const { rows } = await sql<{ total: number }>`
    SELECT count(*) AS total FROM (${matchingIds(db, terms)}) AS matches`.execute(db)
  return Number(rows[0]?.total ?? 0)
}

/**
 * The query for the rows of a list, to be executed or streamed.
 * @param summary of the same list on the same transaction
 * @returns undefined if there are none
 */
export async function selectPage(db: Queries, query: ListQuery, summary: ListSummary) {
  if (summary.from === 0) return undefined
  return query.terms.length === 0
    ? selectByRank(db, query, summary)
    : selectMatches(db, query, summary)
}

/** A slice of the whole library, found by rank: the offset costs nothing. */
async function selectByRank(db: Queries, { order, offset }: ListQuery, summary: ListSummary) {
  const ascending = order === 'added-asc'
  const rank = ascending ? offset : summary.total - 1 - offset
  const first = await findIdAtRank(db, rank)
  if (first === undefined)
    throw new Error(`The counts say that rank ${rank} exists, media has none.`)
  return selectItems(db)
    .where('media.id', ascending ? '>=' : '<=', first)
    .orderBy('media.id', ascending ? 'asc' : 'desc')
    .limit(summary.to - summary.from + 1)
}

/** A slice of the matches, in the order of the search index itself: nothing is sorted. */
function selectMatches(db: Queries, { order, offset, terms }: ListQuery, summary: ListSummary) {
  const direction = order === 'added-asc' ? sql`ASC` : sql`DESC`
  const count = summary.to - summary.from + 1
  const hits = sql<{ id: number }>`(
    SELECT id FROM (${matchingIds(db, terms)}) AS matches ORDER BY id ${direction} LIMIT ${count} OFFSET ${offset}
  )`.as('hits')
  return selectItems(db)
    .innerJoin(hits, (join) => join.onRef('hits.id', '=', 'media.id'))
    .orderBy('hits.id', order === 'added-asc' ? 'asc' : 'desc')
}

export type Page = NonNullable<Awaited<ReturnType<typeof selectPage>>>
export type { ItemRow }
