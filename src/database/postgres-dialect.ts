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

/** What takes longer is given up by the server: a request is not worth a connection for ever. */
export const STATEMENT_MS = 30_000
/** The same, should the server be gone without a word. */
const ANSWER_MS = STATEMENT_MS + 5_000

/**
 * Kysely on a pool of `pg`. What fails because the server is away, busy or about to stop is a 503
 * for the client, and its connection is not used again.
 *
 * @param begin how its transactions begin; of one that writes, the last statement gives its id as `xid`
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
  /** After so many milliseconds without an answer the connection is thrown away. */
  patience?: number
}

/** The connection was lost after `COMMIT` was sent: the server knows whether it committed. */
export class OutcomeUnknown extends Error {
  /** The transaction, as `pg_xact_status` is asked. */
  readonly xid: string

  constructor(xid: string, cause: unknown) {
    super(`Whether transaction ${xid} was committed is not known.`, { cause })
    this.name = 'OutcomeUnknown'
    this.xid = xid
  }
}

interface Connection extends DatabaseConnection {
  client: PoolClient
  /** Set once it cannot be trusted any more. */
  fault: Error | undefined
  /** Of the transaction that is under way, if it writes. */
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
        // One result for each statement, where there are several.
        const results = [await run(connection, begin)].flat()
        connection.xid = results.at(-1)?.rows[0]?.xid
      } catch (error) {
        // It may have begun nevertheless.
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
      // Of a transaction in which a statement failed, the server makes a ROLLBACK.
      if (command !== 'COMMIT') throw new Error('A statement failed; nothing was committed.')
    },
    async rollbackTransaction(kyselyConnection) {
      const connection = kyselyConnection as Connection
      // The server rolls back what a connection leaves behind. What failed before is what is told.
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
        // To close a cursor would be to wait for an answer, which never comes if the connection is lost.
        if (!isRead) distrust(connection, new Error('A cursor was not read to its end.'))
      }
    },
  }
  return connection
}

/** Rejects in the words of `pg` itself if there is no answer in time. */
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

/** Has the connection thrown away once it is released. */
function distrust(connection: Connection, error: unknown) {
  connection.fault ??= error instanceof Error ? error : new Error(String(error))
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
/**
 * What the operating system and `pg` itself say where the server says nothing; also that this process may
 * open no more files, of which a connection is one.
 */
const UNREACHABLE =
  /^(?:EMFILE|ENFILE|ECONN\w+|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/
const SILENCE = /read timeout/i
const BROKEN = /connection (?:terminated|error)|timeout exceeded|read timeout|not queryable/i

/** Whether a query failed because there was no answer to it in time. */
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
