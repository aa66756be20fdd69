import { sql } from 'kysely'
import { UsageError } from '../base/errors.ts'
import { isPostgres } from '../database/engine.ts'
import type { Check } from './finding.ts'

const RESTORE = 'Restore the database from a backup.'

/** Tables whose missing references other checks find. */
const CHECKED_ELSEWHERE: ReadonlySet<string> = new Set(['media', 'collections', 'collection_items'])

/**
 * Explains the errors of a database file that is too damaged to be opened or read: SQLITE_CORRUPT and
 * SQLITE_NOTADB, see https://sqlite.org/rescode.html.
 *
 * @throws UsageError for these errors; any other error unchanged
 */
export function explainDamage(error: unknown): never {
  if (error instanceof Error && 'errcode' in error) {
    const isDamage = [11, 26].includes(Number(error.errcode) & 0xff)
    if (isDamage) throw new UsageError(`The database cannot be read: ${error.message}. ${RESTORE}`)
  }
  throw error
}

/**
 * Lets SQLite check its own file: https://sqlite.org/pragma.html#pragma_integrity_check. Leaves the search
 * index, items without a file and collections to other checks, which report more. A PostgreSQL server checks its own files.
 *
 * @throws UsageError if the file is damaged, after the findings
 */
export const checkDatabase: Check = async function* ({ database }) {
  if (isPostgres(database.read)) return
  const { rows: faults } = await sql<{ integrity_check: string }>`PRAGMA integrity_check`.execute(
    database.read,
  )
  const damage = faults
    .map((row) => row.integrity_check)
    .filter((fault) => fault !== 'ok' && !fault.includes('media_search'))
  for (const fault of damage) {
    yield { problem: `The database file is damaged: ${fault}.`, remedy: RESTORE }
  }
  if (damage.length > 0) {
    throw new UsageError('Nothing else was checked or repaired, since no row can be trusted.')
  }

  const { rows: dangling } = await sql<{ table: string; parent: string; rowid: number }>`
    PRAGMA foreign_key_check`.execute(database.read)
  for (const { table, parent, rowid } of dangling) {
    if (CHECKED_ELSEWHERE.has(table)) continue
    yield {
      problem: `Row ${rowid} of the table ${table} refers to a row of ${parent} that is not there.`,
      remedy: RESTORE,
    }
  }
}
