import type { SQLInputValue } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import type { SqliteConnection } from './sqlite.ts'
import type { Queries } from './tables.ts'

/**
 * Runs an INSERT of one row for each of many rows, on SQLite and in a transaction, without going through
 * Kysely each time.
 *
 * @param valuesOf returns the values of a row; called just before its insertion, because the values of many
 *   rows at once take the garbage collector longer than they take to build
 * @returns the ids of the rows
 */
export const insertEach = <Row>(
  trx: Queries,
  { sql }: CompiledQuery,
  rows: readonly Row[],
  valuesOf: (row: Row, index: number) => readonly SQLInputValue[],
): Promise<number[]> =>
  trx
    .getExecutor()
    .provideConnection(async (connection) =>
      (connection as SqliteConnection).insertEach(sql, rows, valuesOf),
    )
