import { type RawBuilder, sql } from 'kysely'
import type { Queries } from '../../database/tables.ts'
import { findRank } from '../list/rank.ts'
import { matchingIds } from '../list/search.ts'

/**
 * Which items are meant: some by their ids (ascending), or all up to an id that match a search,
 * but for some.
 */
export type Selection =
  | { ids: readonly number[] }
  /** `terms` as of a list: folded; none means everything. */
  | { terms: readonly string[]; until: number; except: ReadonlySet<number> }

/** Ids read at a time; in the search index each such slice costs a walk up to where it begins. */
const SLICE = 10_000

/** How many items are meant. */
export async function countSelected(db: Queries, selection: Selection): Promise<number> {
  if ('ids' in selection) return selection.ids.length
  const { terms, until, except } = selection
  const exceptions = sql`(${sql.join([...except])})`
  if (terms.length === 0) {
    const total = await findRank(db, until + 1)
    if (except.size === 0) return total
    return total - (await count(db, sql`media WHERE id <= ${until} AND id IN ${exceptions}`))
  }
  const others = except.size > 0 ? sql`AND id NOT IN ${exceptions}` : sql``
  return count(db, sql`(${matchingIds(db, terms)}) AS matches WHERE id <= ${until} ${others}`)
}

async function count(db: Queries, source: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ total: number }>`SELECT count(*) AS total FROM ${source}`.execute(db)
  if (!rows[0]) throw new Error('A count gave no row.')
  return Number(rows[0].total)
}

/**
 * The ids, ascending, in slices. No state of the database is held in between: of an item that is
 * edited or deleted meanwhile the id may be among them or not.
 */
export async function* readSlices(
  db: Queries,
  selection: Selection,
): AsyncGenerator<readonly number[]> {
  if ('ids' in selection) {
    yield selection.ids
    return
  }
  const { terms, until, except } = selection
  const source = terms.length === 0 ? sql`SELECT id FROM media` : matchingIds(db, terms)
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

/** The highest id there is; 0 if there are no items. */
export async function findNewestId(db: Queries): Promise<number> {
  const { id } = await db
    .selectFrom('media')
    .select((row) => row.fn.max('id').as('id'))
    .executeTakeFirstOrThrow()
  return id ?? 0
}
