import type { SQLInputValue } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import type { SqliteConnection } from './sqlite.ts'
import type { Queries } from './tables.ts'

/**
 * Runs a statement that inserts a row for each of many, on SQLite and in a transaction, without going
 * through Kysely each time.
 *
 * @returns their ids
 */
export const insertEach = (
  trx: Queries,
  { sql }: CompiledQuery,
  rows: readonly (readonly SQLInputValue[])[],
): Promise<number[]> =>
  trx
    .getExecutor()
    .provideConnection(async (connection) => (connection as SqliteConnection).insertEach(sql, rows))
