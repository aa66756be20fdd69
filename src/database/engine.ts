import { PostgresAdapter } from 'kysely'
import type { Queries } from './tables.ts'

/** For the few queries that cannot be the same on both engines. */
export const isPostgres = (db: Pick<Queries, 'getExecutor'>): boolean =>
  db.getExecutor().adapter instanceof PostgresAdapter
