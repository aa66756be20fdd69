import { hash } from 'node:crypto'
import { type CompiledQuery, type QueryExecutor, type RawBuilder, sql } from 'kysely'
import { isPostgres } from './engine.ts'
import type { Queries } from './tables.ts'

export type SqlValue = string | number | null | Uint8Array

/** A placeholder for a value in a prepared query. */
export type Parameter<Value extends SqlValue> = RawBuilder<Value>

type ValuesOf<Parameters extends readonly unknown[]> = {
  [Index in keyof Parameters]: Parameters[Index] extends RawBuilder<infer Value> ? Value : never
}

/** A query that is compiled once for each engine. `Database.run` and `runIn` run it with values. */
export interface PreparedQuery<Values extends readonly unknown[], Row> {
  compile(db: Queries): Compiled<Values, Row>
}

interface Compiled<Values extends readonly unknown[], Row> {
  query: CompiledQuery<Row>
  /** Puts values into the order of the query's placeholders. */
  arrange(values: Values): readonly SqlValue[]
}

/** Runs a prepared query with a value for each of its parameters. */
export type RunPrepared = <Values extends readonly unknown[], Row>(
  query: PreparedQuery<Values, Row>,
  ...values: Values
) => Promise<Row[]>

/** Runs a compiled query with values in the order of its placeholders. */
export type RunCompiled = <Row>(
  query: CompiledQuery<Row>,
  values: readonly SqlValue[],
) => Promise<Row[]>

/**
 * Prepares a query, because building it again at every request takes longer than running it.
 *
 * @param build compiles the query for an engine. Its parameters after `db` are the parameters of the query. A
 *   parameter may appear in several places
 */
export function prepare<Parameters extends readonly RawBuilder<unknown>[], Row>(
  build: (db: Queries, ...parameters: Parameters) => CompiledQuery<Row>,
): PreparedQuery<ValuesOf<Parameters>, Row> {
  const compiled = new Map<boolean, Compiled<ValuesOf<Parameters>, Row>>()
  const parameters = Array.from(
    { length: build.length - 1 },
    (_, index) => sql`${new Place(index)}`,
  )
  return {
    compile(db) {
      const engine = isPostgres(db)
      const known = compiled.get(engine)
      if (known) return known
      const built = build(db, ...(parameters as unknown as Parameters))
      const query = engine ? nameQuery(built) : built
      const places = query.parameters
      const made: Compiled<ValuesOf<Parameters>, Row> = {
        query,
        arrange: (values) =>
          places.map((place) => (place instanceof Place ? values[place.index] : place) as SqlValue),
      }
      compiled.set(engine, made)
      return made
    },
  }
}

/**
 * Names a query, so that PostgreSQL parses it once for each connection, and plans it only a few times. The same SQL has
 * the same name in every process: behind a pooler, processes may share a connection.
 */
export function nameQuery<Row>(query: CompiledQuery<Row>): CompiledQuery<Row> {
  const statement = `vitrine_${hash('sha256', query.sql).slice(0, 32)}`
  const named: CompiledQuery<Row> & { statement: string } = { ...query, statement }
  return named
}

/** Stands for a value in a compiled query. */
class Place {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
}

/** @param db a database of the engine that `runCompiled` runs on */
export const createRunPrepared =
  (db: Queries, runCompiled: RunCompiled): RunPrepared =>
  (prepared, ...values) => {
    const { query, arrange } = prepared.compile(db)
    return runCompiled(query, arrange(values))
  }

/** Runs a prepared query within a transaction. */
export async function runIn<Values extends readonly unknown[], Row>(
  trx: Queries,
  prepared: PreparedQuery<Values, Row>,
  ...values: Values
): Promise<Row[]> {
  const { query, arrange } = prepared.compile(trx)
  const executor: QueryExecutor & { runCompiled?: RunCompiled } = trx.getExecutor()
  if (executor.runCompiled) return executor.runCompiled(query, arrange(values))
  return (await trx.executeQuery<Row>({ ...query, parameters: arrange(values) })).rows
}

/** `runIn` with this transaction, for what runs prepared queries inside and outside of transactions. */
export const runWithin =
  (trx: Queries): RunPrepared =>
  (query, ...values) =>
    runIn(trx, query, ...values)

/**
 * The values of a list as a subquery with one column, `value`. With it, one prepared query accepts lists of any
 * length.
 *
 * @param list the values as a JSON array
 */
export const listed = <Value extends string | number>(
  db: Pick<Queries, 'getExecutor'>,
  type: Value extends string ? 'text' : 'bigint',
  list: Parameter<string>,
): RawBuilder<Value> =>
  isPostgres(db)
    ? sql`(SELECT value::${sql.raw(type)} FROM json_array_elements_text(${list}::json))`
    : sql`(SELECT value FROM json_each(${list}))`

/**
 * Whether a value is in a list. PostgreSQL takes the subquery of `listed` for 100 values, and may then read a whole
 * table to join it; with this it uses the index of the column.
 */
export const isListed = <Value extends string | number>(
  db: Pick<Queries, 'getExecutor'>,
  value: RawBuilder<unknown>,
  type: Value extends string ? 'text' : 'bigint',
  list: Parameter<string>,
): RawBuilder<boolean> =>
  isPostgres(db)
    ? sql`${value} = ANY (ARRAY${listed<Value>(db, type, list)})`
    : sql`${value} IN ${listed<Value>(db, type, list)}`

/**
 * The objects of a list as a subquery whose columns are their members. It is what `listed` is for single values.
 *
 * @param columns the type of each member. Missing ones are null
 * @param list the objects as a JSON array
 */
export function listedRows(
  db: Pick<Queries, 'getExecutor'>,
  columns: Readonly<Record<string, 'text' | 'bigint'>>,
  list: Parameter<string>,
): RawBuilder<unknown> {
  const entries = Object.entries(columns)
  if (isPostgres(db)) {
    const types = entries.map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`)
    return sql`(SELECT * FROM json_to_recordset(${list}::json) AS objects (${sql.join(types)}))`
  }
  const members = entries.map(([name]) => sql`value ->> ${sql.lit(name)} AS ${sql.ref(name)}`)
  return sql`(SELECT ${sql.join(members)} FROM json_each(${list}))`
}
