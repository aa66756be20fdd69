import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { Pool, PoolClient } from 'pg'
import Cursor from 'pg-cursor'
import { serviceBusy } from '../errors.ts'

/** What takes longer is given up by the server: a request is not worth a connection for ever. */
export const STATEMENT_MS = 30_000
/** The same, should the server be gone without a word. Not for cursors, which `pg` would end in use. */
const ANSWER_MS = STATEMENT_MS + 5_000

/**
 * Kysely on a pool of `pg`. What fails because the server is away, busy or about to stop is a 503
 * for the client, and its connection is not used again.
 *
 * @param begin how its transactions begin
 */
export function postgresDialect(pool: Pool, begin: string): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(pool, begin),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/** A query that a connection prepares under this name when it is first asked, and only runs then. */
export interface NamedQuery<Row> extends CompiledQuery<Row> {
  statement: string
}

interface Connection extends DatabaseConnection {
  client: PoolClient
  /** Set once it cannot be trusted any more. */
  fault: Error | undefined
}

function createDriver(pool: Pool, begin: string): Driver {
  const run = async (connection: DatabaseConnection, statement: string) => {
    await connection.executeQuery(CompiledQuery.raw(statement))
  }
  return {
    init: async () => {},
    async acquireConnection() {
      try {
        return createConnection(await pool.connect())
      } catch (error) {
        throw translate(error)
      }
    },
    async releaseConnection(connection) {
      const { client, fault } = connection as Connection
      client.release(fault)
    },
    beginTransaction: (connection) => run(connection, begin),
    async commitTransaction(connection) {
      const { client } = connection as Connection
      // Of a transaction in which a statement failed, the server makes a ROLLBACK.
      const { command } = await runOn(connection as Connection, () => client.query('COMMIT'))
      if (command !== 'COMMIT') throw new Error('A statement failed; nothing was committed.')
    },
    rollbackTransaction: (connection) => run(connection, 'ROLLBACK'),
    destroy: () => pool.end(),
  }
}

function createConnection(client: PoolClient): Connection {
  const connection: Connection = {
    client,
    fault: undefined,

    async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
      const { sql, parameters, statement } = compiled as Partial<NamedQuery<R>> & CompiledQuery
      const query = {
        text: sql,
        values: parameters.map(withoutNul),
        query_timeout: ANSWER_MS,
        ...(statement !== undefined && { name: statement }),
      }
      const { rows, rowCount } = await runOn(connection, () => client.query(query))
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    },

    async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number) {
      const cursor = client.query(new Cursor<R>(sql, parameters.map(withoutNul)))
      try {
        for (;;) {
          const rows = await runOn(connection, () => cursor.read(chunkSize))
          if (rows.length === 0) return
          yield { rows }
        }
      } finally {
        await cursor.close()
      }
    },
  }
  return connection
}

async function runOn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const translated = translate(error)
    if (translated !== error && error instanceof Error) connection.fault = error
    throw translated
  }
}

/** PostgreSQL has no NUL in texts; as nothing that is kept holds one, U+FFFD finds the same nothing. */
const withoutNul = (value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value

/**
 * Classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html by which the
 * server says that it cannot now: connections, resources, its end, time-outs, deadlocks, and a
 * standby that has not taken over yet.
 */
const UNAVAILABLE = /^(?:08...|53...|57...|25P03|25006|40001|40P01|55P03)$/
/** What the operating system and `pg` itself say where the server says nothing. */
const UNREACHABLE =
  /^(?:ECONN\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/
const BROKEN = /connection (?:terminated|error)|timeout exceeded|read timeout|not queryable/i

function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (!UNAVAILABLE.test(code) && !UNREACHABLE.test(code) && !BROKEN.test(error.message)) {
    return error
  }
  return serviceBusy('The database does not answer at the moment; try again soon.', 2, error)
}
