import { PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Queries } from './tables.ts'

/** For the few queries that cannot be the same on both. */
export const isPostgres = (db: Pick<Queries, 'getExecutor'>): boolean =>
  db.getExecutor().adapter instanceof PostgresAdapter

/**
 * Queries of one kind, built once for each engine, to be asked by `askWithin`: to build one again at
 * every request takes longer than to run it.
 *
 * @param build compiles them; their own parameters only hold places
 */
export function buildOnce<Built>(build: (db: Queries) => Built): (db: Queries) => Built {
  const known = new Map<boolean, Built>()
  return (db) => {
    const engine = isPostgres(db)
    const built = known.get(engine) ?? build(db)
    known.set(engine, built)
    return built
  }
}

/**
 * The values of a list as a subquery of one column, `value`, so that a query is built once however long
 * the list is. The parameter that it takes is the list as JSON.
 */
export const listed = <Value extends string | number>(
  db: Pick<Queries, 'getExecutor'>,
  type: Value extends string ? 'text' : 'bigint',
): RawBuilder<Value> =>
  isPostgres(db)
    ? sql`(SELECT value::${sql.raw(type)} FROM json_array_elements_text(${''}::json))`
    : sql`(SELECT value FROM json_each(${''}))`
