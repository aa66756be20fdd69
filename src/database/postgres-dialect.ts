import {
  type CompiledQuery,
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
import { serviceBusy } from '../base/errors.ts'

/** The server cancels a statement that takes longer: no request may hold a connection for ever. */
export const STATEMENT_MS = 30_000
/** The same limit on this side, in case the server is gone without closing the connection. */
const ANSWER_MS = STATEMENT_MS + 5_000

/**
 * Kysely on a pool of `pg`. If a query fails because the server is away, busy or about to stop, the client
 * gets a 503, and the connection is not used again.
 *
 * @param begin SQL that begins a transaction; for writing, its last statement returns the transaction's id
 *   as `xid`
 */
export function postgresDialect(pool: Pool, begin: string): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(pool, begin),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/** A query that a connection prepares under a name at the first run, and only executes later. */
export interface NamedQuery<Row> extends CompiledQuery<Row> {
  statement: string
  /** After this many milliseconds without an answer, the connection is discarded. */
  patience?: number
}

/** The connection was lost after `COMMIT` was sent. Only the server knows whether it committed. */
export class OutcomeUnknown extends Error {
  /** Id of the transaction, for `pg_xact_status`. */
  readonly xid: string

  constructor(xid: string, cause: unknown) {
    super(`It is not known whether transaction ${xid} was committed.`, { cause })
    this.name = 'OutcomeUnknown'
    this.xid = xid
  }
}

interface Connection extends DatabaseConnection {
  client: PoolClient
  /** Set once the connection cannot be trusted any more. */
  fault: Error | undefined
  /** Id of the open transaction, if it is for writing. */
  xid: string | undefined
}

function createDriver(pool: Pool, begin: string): Driver {
  const run = (connection: Connection, text: string) => {
    const query = { text, query_timeout: ANSWER_MS }
    return runOn(connection, () => connection.client.query<{ xid?: string }>(query))
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
    async beginTransaction(kyselyConnection) {
      const connection = kyselyConnection as Connection
      try {
        // `pg` returns an array, with one result for each statement, if there are several.
        const results = [await run(connection, begin)].flat()
        connection.xid = results.at(-1)?.rows[0]?.xid
      } catch (error) {
        // The transaction may have begun nevertheless.
        distrust(connection, error)
        throw error
      }
    },
    async commitTransaction(kyselyConnection) {
      const connection = kyselyConnection as Connection
      const { command } = await run(connection, 'COMMIT').catch((error) => {
        const { fault, xid } = connection
        throw fault && xid !== undefined ? new OutcomeUnknown(xid, error) : error
      })
      // If a statement has failed in the transaction, the server answers COMMIT with ROLLBACK.
      if (command !== 'COMMIT') throw new Error('A statement failed; nothing was committed.')
    },
    async rollbackTransaction(kyselyConnection) {
      const connection = kyselyConnection as Connection
      // The server rolls back when the connection ends. The caller gets the earlier error.
      if (connection.fault) return
      await run(connection, 'ROLLBACK').catch((error) => distrust(connection, error))
    },
    destroy: () => pool.end(),
  }
}

function createConnection(client: PoolClient): Connection {
  const connection: Connection = {
    client,
    fault: undefined,
    xid: undefined,

    async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
      const { sql, parameters, statement, patience } = compiled as Partial<NamedQuery<R>> &
        CompiledQuery
      const query = {
        text: sql,
        values: parameters.map(withoutNul),
        query_timeout: patience ?? ANSWER_MS,
        ...(statement !== undefined && { name: statement }),
      }
      const { rows, rowCount } = await runOn(connection, () => client.query(query))
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) }
    },

    async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number) {
      const cursor = client.query(new Cursor<R>(sql, parameters.map(withoutNul)))
      let isRead = false
      try {
        for (;;) {
          const rows = await runOn(connection, () => answerWithin(cursor.read(chunkSize)))
          isRead = rows.length === 0
          if (isRead) return
          yield { rows }
        }
      } finally {
        // Closing a cursor would wait for an answer, which never arrives on a lost connection.
        if (!isRead) distrust(connection, new Error('A cursor was not read to its end.'))
      }
    },
  }
  return connection
}

/** Rejects with the same message as `pg` if there is no answer in time. */
async function answerWithin<T>(answer: Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error('Query read timeout')), ANSWER_MS)
  try {
    return await Promise.race([answer, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function runOn<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const translated = translate(error)
    if (translated !== error) distrust(connection, error)
    throw translated
  }
}

/** Makes the pool discard the connection once it is released. */
function distrust(connection: Connection, error: unknown) {
  connection.fault ??= error instanceof Error ? error : new Error(String(error))
}

/**
 * PostgreSQL refuses NUL in texts. No stored text holds NUL, so a query with it must find nothing; U+FFFD in
 * its place finds nothing either.
 */
const withoutNul = (value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value

/**
 * Error classes and codes by which the server says that it cannot answer now: connections, resources,
 * shutdown, time-outs, deadlocks, and a standby that has not taken over yet.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNAVAILABLE = /^(?:08...|53...|57...|25P03|25006|40001|40P01|55P03)$/
/**
 * Error codes of the operating system and of `pg` if the server does not answer. EMFILE and ENFILE: no more
 * files may be opened, and a connection counts as one.
 */
const UNREACHABLE =
  /^(?:EMFILE|ENFILE|ECONN\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/
const SILENCE = /read timeout/i
const BROKEN = /connection (?:terminated|error)|timeout exceeded|read timeout|not queryable/i

/** True if a query failed because its answer did not arrive in time. */
export const isSilence = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && SILENCE.test(error.cause.message)

function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (!UNAVAILABLE.test(code) && !UNREACHABLE.test(code) && !BROKEN.test(error.message)) {
    return error
  }
  return serviceBusy('The database does not answer at the moment; try again soon.', 2, error)
}
