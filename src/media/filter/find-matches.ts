import { sql } from 'kysely'
import type { Queries } from '../../database/tables.ts'
import { evaluateFilter, type Matches, type RangeKind, type ReadRange } from './evaluate.ts'
import type { Filter } from './filter.ts'

/** Finds the items that match a filter, in one state of the database. */
export const findMatches = (db: Queries, filter: Filter): Promise<Matches> =>
  db.isTransaction
    ? evaluateFilter(db, filter, readRangeIn(db))
    : db.transaction().execute((trx) => evaluateFilter(trx, filter, readRangeIn(trx)))

/** Reads ranges from the items themselves. */
const readRangeIn =
  (db: Queries): ReadRange =>
  async (kind, from, to) => {
    const { rows } = await sql<{ id: number }>`
      SELECT media.id FROM media JOIN files ON files.id = media.file_id
      WHERE ${COLUMNS[kind]} >= ${kind === 'taken' ? toLocalTime(from) : from}
        AND ${COLUMNS[kind]} <= ${kind === 'taken' ? toLocalTime(to) : to}`.execute(db)
    return rows.map(({ id }) => id)
  }

/** Local times compare as texts, without their zone. */
const COLUMNS: Readonly<Record<RangeKind, ReturnType<typeof sql>>> = {
  width: sql`files.width`,
  height: sql`files.height`,
  size: sql`files.size`,
  taken: sql`substr(media.taken_at, 1, 19)`,
}

const toLocalTime = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 19)
