import { COMMAND_LINE, recordAudit } from '../audit/record.ts'
import { UsageError } from '../base/usage-error.ts'
import type { Database } from '../database/database.ts'
import type { Arrival, Queries, Tables } from '../database/tables.ts'
import { readUnfinished } from '../database/unfinished.ts'
import { findWriters, type Presence } from './presence.ts'
import { ACCOUNT_TABLES, type Counters, insertRows, type Row, writeCounters } from './tables.ts'

/** A library on its way into one where there is none. */
export interface Arriving {
  arrival: Arrival
  /** `uuid` of the library that it comes from. */
  source: string
}

/**
 * Marks a library that is empty, so that nobody uses it before all of it is there.
 *
 * @returns whether it was marked already, by an earlier attempt of the same
 * @throws UsageError if it is not empty, if something else is on its way into it, or if somebody
 *   uses it
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
    // What of a backup is there may be of another one: restoring begins anew.
    const isSame = unfinished.arrival === arrival
    if (isSame && (arrival === 'restore' || unfinished.source === source)) return true
    throw new UsageError(
      `An unfinished ${unfinished.arrival} of ${isSame ? 'another library' : 'a library'} is at the target already.`,
    )
  })
  // After the mark: who comes later sees it.
  const [writer] = await findWriters(database, presence.self)
  if (writer === undefined) return isContinued
  if (!isContinued) await database.write((trx) => trx.deleteFrom('unfinished').execute())
  throw new UsageError(`The target is in use: by ${writer}.`)
}

export async function isEmpty(db: Queries): Promise<boolean> {
  for (const table of ['media', 'files', 'users', 'audit'] as const) {
    if (await db.selectFrom(table).select('id').limit(1).executeTakeFirst()) return false
  }
  return true
}

/** What is written at last, at once, by which a library becomes whole. */
export interface LastRows {
  library: Omit<Tables['library'], 'id'>
  counters: Partial<Counters>
  /** All rows of an account table. */
  rowsOf(table: (typeof ACCOUNT_TABLES)[number]): AsyncIterable<Row[]>
  /** Keys that the journal of the source names, if its storage stays where it is. */
  journal?: AsyncIterable<Row[]>
}

/** Writes everything but items and files, and takes the mark away, in one transaction. */
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
    await trx.updateTable('library').set(library).execute()
    await writeCounters(trx, counters)
    const arrived = await readUnfinished(trx)
    const action = arrived?.arrival === 'copy' ? 'library-copied' : 'library-restored'
    await recordAudit(trx, COMMAND_LINE, { action }, created_at)
    await trx.deleteFrom('unfinished').execute()
  })
}
