import {
  type ColumnDefinitionBuilder,
  type Kysely,
  PostgresAdapter,
  type QueryExecutorProvider,
  sql,
} from 'kysely'

/** Which of the two engines a migration runs on. */
export const isPostgres = (db: QueryExecutorProvider): boolean =>
  db.getExecutor().adapter instanceof PostgresAdapter

/**
 * What the two engines call the same: ids that are never given twice, references to them, and texts
 * that are compared by their bytes.
 */
export function columnTypes(db: Kysely<unknown>) {
  if (isPostgres(db)) {
    return {
      id: 'bigint' as const,
      numbered: (column: ColumnDefinitionBuilder) =>
        column.primaryKey().generatedByDefaultAsIdentity(),
      text: sql`text COLLATE "C"`,
    }
  }
  return {
    id: 'integer' as const,
    numbered: (column: ColumnDefinitionBuilder) => column.primaryKey().autoIncrement(),
    text: 'text' as const,
  }
}
