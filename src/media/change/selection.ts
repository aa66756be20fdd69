import { type RawBuilder, sql } from 'kysely'
import type { Queries } from '../../database/tables.ts'
import { findRank } from '../list/rank.ts'
import { matchingIds } from '../list/search.ts'
import { countTrashed, readTrashed } from '../trash/select-trashed.ts'

/**
 * Which items are selected: some by their ids (ascending), or all up to an id that match a search, with
 * exceptions.
 */
export type Selection =
  | { ids: readonly number[] }
  /** `terms` as of a list: folded; none means everything. */
  | {
      terms: readonly string[]
      until: number
      except: ReadonlySet<number>
      /** Whether items in the trash are selected, and no others. */
      inTrash?: boolean
    }

/** Ids that are read at a time. In the search index, each slice costs a walk up to its beginning. */
const SLICE = 10_000

/** How many items are selected. */
export async function countSelected(db: Queries, selection: Selection): Promise<number> {
  if ('ids' in selection) return selection.ids.length
  if (selection.inTrash) return countTrashed(db, selection)
  const { terms, until, except } = selection
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

/**
 * The ids, in slices that are ascending. No snapshot of the database is held between slices: the id of an item that
 * is edited or deleted meanwhile may be among them or not.
 */
export async function* readSlices(
  db: Queries,
  selection: Selection,
): AsyncGenerator<readonly number[]> {
  if ('ids' in selection) {
    yield selection.ids
    return
  }
  if (selection.inTrash) {
    yield* readTrashed(db, selection)
    return
  }
  const { terms, until, except } = selection
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

/** The highest id of all items; 0 if there are none. */
export async function findNewestId(db: Queries): Promise<number> {
  const { id } = await db
    .selectFrom('media')
    .select((row) => row.fn.max('id').as('id'))
    .executeTakeFirstOrThrow()
  return id ?? 0
}
