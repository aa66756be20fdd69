import { type RawBuilder, sql } from 'kysely'
import type { Queries } from '../../database/tables.ts'
import type { Filter } from '../filter/filter.ts'
import {
  countIds,
  fromIds,
  type IdLayout,
  type IdSet,
  idsBetween,
  intersect,
  pageOf,
  subtract,
} from '../filter/id-set.ts'
import { chooseNow } from '../list/choose-items.ts'
import { findRank } from '../list/rank.ts'
import { matchingIds } from '../list/search.ts'

/**
 * Which items are selected. Either `ids`, ascending; or the items up to the id `until` that match a search and a
 * filter, without `except`.
 */
export type Selection =
  | { ids: readonly number[] }
  | {
      /** Folded terms of a search, as of a list. No term: everything. */
      terms: readonly string[]
      /** Without one, the items of the library. */
      filter?: Filter | undefined
      until: number
      except: ReadonlySet<number>
    }

/** The items of a selection. */
export interface Chosen {
  /** How many there are, as known at the beginning. */
  total: number
  /** Their ids, ascending. To be read once. */
  slices: AsyncIterable<readonly number[]> | Iterable<readonly number[]>
}

/** Ids that are read at a time. In the search index, each slice costs a walk up to its beginning. */
const SLICE = 10_000

/**
 * Finds the items of a selection. No snapshot of the database is held between slices: the id of an item that is edited
 * or deleted meanwhile may be among them or not. A filter is evaluated now; its set of ids takes an eighth of a byte
 * for each id of the library.
 */
export async function openSelection(db: Queries, selection: Selection): Promise<Chosen> {
  if ('ids' in selection) return { total: selection.ids.length, slices: [selection.ids] }
  const { filter, ...listed } = selection
  if (filter) return openFiltered(db, filter, listed)
  return { total: await countListed(db, listed), slices: readListed(db, listed) }
}

type Listed = Omit<Exclude<Selection, { ids: readonly number[] }>, 'filter'>

async function openFiltered(db: Queries, filter: Filter, { terms, until, except }: Listed) {
  const { layout, set } = await chooseNow(db, { filter, terms })
  intersect(set, idsBetween(layout, 0, until + 1))
  subtract(set, fromIds(layout, except))
  return chooseSet(layout, set)
}

/** The items of a set. */
export const chooseSet = (layout: IdLayout, set: IdSet): Chosen => ({
  total: countIds(set),
  slices: sliceSet(layout, set),
})

function* sliceSet(layout: IdLayout, set: IdSet): Generator<readonly number[]> {
  for (let offset = 0; ; offset += SLICE) {
    const ids = pageOf(layout, set, { descending: false, offset, limit: SLICE })
    if (ids.length === 0) return
    yield ids
  }
}

async function countListed(db: Queries, { terms, until, except }: Listed): Promise<number> {
  const exceptions = sql`(${sql.join([...except])})`
  if (terms.length === 0) {
    const total = await findRank(db, until + 1)
    if (except.size === 0) return total
    return total - (await count(db, sql`media_json WHERE id <= ${until} AND id IN ${exceptions}`))
  }
  const others = except.size > 0 ? sql`AND id NOT IN ${exceptions}` : sql``
  return count(db, sql`(${matchingIds(db, terms)}) AS matches WHERE id <= ${until} ${others}`)
}

async function count(db: Queries, source: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ total: number }>`SELECT count(*) AS total FROM ${source}`.execute(db)
  if (!rows[0]) throw new Error('A count gave no row.')
  return Number(rows[0].total)
}

async function* readListed(
  db: Queries,
  { terms, until, except }: Listed,
): AsyncGenerator<readonly number[]> {
  const source = terms.length === 0 ? sql`SELECT id FROM media_json` : matchingIds(db, terms)
  for (let after = 0; ; ) {
    const { rows } = await sql<{ id: number }>`
      SELECT id FROM (${source}) AS matches WHERE id > ${after} AND id <= ${until}
      ORDER BY id LIMIT ${SLICE}`.execute(db)
    const last = rows.at(-1)
    if (!last) return
    yield rows.map(({ id }) => id).filter((id) => !except.has(id))
    after = last.id
  }
}
