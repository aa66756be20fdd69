import type { SQLInputValue } from 'node:sqlite'
import type { CompiledQuery } from 'kysely'
import type { SqliteConnection } from './sqlite.ts'
import type { Queries } from './tables.ts'

/**
 * Runs a statement that inserts a row for each of many, on SQLite and in a transaction, without going
 * through Kysely each time.
 *
 * @param valuesOf what is inserted for a row, asked for when it is: of many rows, all at once would take
 *   longer to clear away than to make
 * @returns their ids
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
