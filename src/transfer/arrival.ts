import { randomBytes } from 'node:crypto'
import { type Selectable, sql } from 'kysely'
import { COMMAND_LINE, recordAudit } from '../audit/record.ts'
import { UsageError } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Arrival, Queries, Tables } from '../database/tables.ts'
import { readUnfinished } from '../database/unfinished.ts'
import { correctKeys, findWrongKeys } from '../media/change/focus-keys.ts'
import { type File, forgetFiles } from './files.ts'
import { removeEntered } from './journal-rows.ts'
import type { OpenLibrary } from './library-target.ts'
import { findWriters, type Presence } from './presence.ts'
import {
  type Counters,
  FILES,
  insertRows,
  LAST_TABLES,
  type MovedTable,
  NUMBERED_TABLES,
  type Row,
  readRows,
  writeCounters,
} from './tables.ts'

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
  for (const { name } of NUMBERED_TABLES) {
    const { rows } = await sql`SELECT 1 FROM ${sql.table(name)} LIMIT 1`.execute(db)
    if (rows.length > 0) return false
  }
  return true
}

/** The rows that are written last, in one transaction. They complete the library. */
export interface LastRows {
  library: Pick<
    Selectable<Tables['library']>,
    'uuid' | 'version' | 'last_added_at' | 'preset_revision'
  >
  counters: Counters
  rowsOf: (table: MovedTable) => AsyncIterable<Row[]>
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
    for (const { name } of LAST_TABLES.toReversed()) await trx.deleteFrom(name).execute()
    for (const table of LAST_TABLES) {
      for await (const rows of rowsOf(table)) await insertRows(trx, table.name, rows)
    }
    await addNewer(trx)
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

/** Adds what a backup of an earlier version lacks: the secret of signed addresses, the right to change presets, keys. */
async function addNewer(trx: Queries): Promise<void> {
  await trx
    .insertInto('secrets')
    .values({ name: 'signing', value: randomBytes(32).toString('base64url') })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const admin = await trx
    .selectFrom('roles')
    .select('name as role')
    .where('name', '=', 'admin')
    .execute()
  for (const { role } of admin) {
    await trx
      .insertInto('role_permissions')
      .values({ role, permission: 'manage-presets' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  await correctKeys(trx, await findWrongKeys(trx), false)
}

/** Removes the rows and objects of an earlier attempt, and nothing that was there before. */
export async function emptyLibrary({ database, storage }: OpenLibrary): Promise<void> {
  for await (const files of readRows<File>(database.read, FILES)) {
    const ids = files.map(({ id }) => id)
    await database.write((trx) => forgetFiles(trx, ids))
  }
  await removeEntered(database, storage)
}
