import { COMMAND_LINE, recordAudit } from '../audit/record.ts'
import { UsageError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Arrival, Queries, Tables } from '../database/tables.ts'
import { readUnfinished } from '../database/unfinished.ts'
import { findWriters, type Presence } from './presence.ts'
import { ACCOUNT_TABLES, type Counters, insertRows, type Row, writeCounters } from './tables.ts'

/** A copy or restore into an empty library. */
export interface Arriving {
  arrival: Arrival
  /** `uuid` of the library that is copied. A restore has a fixed text instead. */
  source: string
}

/**
 * Marks an empty library as unfinished, so that no process uses it before it is complete.
 *
 * @returns true if an earlier attempt of the same copy or restore has already set the mark
 * @throws UsageError if the library is not empty, if another copy or restore into it is unfinished, or if
 *   another process uses it
 */
export async function beginArrival(
  database: Database,
  presence: Presence,
  { arrival, source }: Arriving,
): Promise<boolean> {
  const isContinued = await database.write(async (trx) => {
    const unfinished = await readUnfinished(trx)
    if (!unfinished) {
      if (!(await isEmpty(trx)))
        throw new UsageError('There is a library at the target already; name an empty one.')
      await trx.insertInto('unfinished').values({ id: 1, arrival, source }).execute()
      return false
    }
    // A restore starts again from the beginning, because the present rows may be of another backup.
    const isSame = unfinished.arrival === arrival
    if (isSame && (arrival === 'restore' || unfinished.source === source)) return true
    throw new UsageError(
      `An unfinished ${unfinished.arrival} of ${isSame ? 'another library' : 'a library'} is at the target already.`,
    )
  })
  // Checked after the mark is committed: a process that starts later sees the mark.
  const [writer] = await findWriters(database, presence.self)
  if (writer === undefined) return isContinued
  if (!isContinued) await database.write((trx) => trx.deleteFrom('unfinished').execute())
  throw new UsageError(`The target is in use by ${writer}.`)
}

export async function isEmpty(db: Queries): Promise<boolean> {
  for (const table of ['media', 'files', 'users', 'audit'] as const) {
    if (await db.selectFrom(table).select('id').limit(1).executeTakeFirst()) return false
  }
  return true
}

/** The rows that are written last, in one transaction. They complete the library. */
export interface LastRows {
  library: Omit<Tables['library'], 'id' | 'derived' | 'deriver'>
  counters: Partial<Counters>
  /** All rows of an account table. */
  rowsOf(table: (typeof ACCOUNT_TABLES)[number]): AsyncIterable<Row[]>
  /** Keys in the journal of the source, if both libraries share one storage. */
  journal?: AsyncIterable<Row[]>
}

/** Writes everything except items and files, and removes the mark, in one transaction. */
export async function finishArrival(
  database: Database,
  { library, counters, rowsOf, journal }: LastRows,
): Promise<void> {
  const created_at = await database.now()
  await database.write(async (trx) => {
    for (const { name } of ACCOUNT_TABLES.toReversed()) await trx.deleteFrom(name).execute()
    for (const table of ACCOUNT_TABLES) {
      for await (const rows of rowsOf(table)) await insertRows(trx, table.name, rows)
    }
    for await (const rows of journal ?? []) {
      const abandoned = rows.map(({ key }) => ({ key, owner: null, created_at, claimed_at: null }))
      await insertRows(trx, 'journal', abandoned)
    }
    // Items came before their collections, so what is derived from both must be built anew.
    await trx
      .updateTable('library')
      .set({ ...library, derived: 0, deriver: null })
      .execute()
    await writeCounters(trx, counters)
    const arrived = await readUnfinished(trx)
    const action = arrived?.arrival === 'copy' ? 'library-copied' : 'library-restored'
    await recordAudit(trx, COMMAND_LINE, { action }, created_at)
    await trx.deleteFrom('unfinished').execute()
  })
}
