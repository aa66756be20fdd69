import type { Transaction } from 'kysely'
import type { RunPrepared } from './prepared.ts'
import type { Milliseconds, Queries, Tables } from './tables.ts'

export interface Database {
  /** True on a read-only disk. Every write then rejects. */
  readonly isReadOnly: boolean
  /**
   * For reading. A transaction on it sees one state of the database until it ends. On SQLite, `run` and
   * `changeToken` see that state too as long as the transaction is open. So the transaction must await
   * nothing but its own queries.
   */
  readonly read: Queries
  /**
   * Runs one write transaction. It is durable when this resolves, and rolled back when `work` throws.
   * Only one runs at a time among all processes that share the database. So the rows that `work` reads do
   * not change until the transaction ends, and ids grow in the order of the commits. `work` must await
   * nothing but its own queries.
   */
  write<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * Like `write`, but in parallel with other writers where the database allows several. For changes that are
   * correct whatever other transactions write at the same time.
   */
  writeConcurrently<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * Like `writeConcurrently`, for records that no request waits for. Rejects if another transaction holds a
   * lock for more than a second. See `recorder.ts`.
   * @param exclusive like `write`: not in parallel with other writers
   */
  record<T>(
    work: (transaction: Transaction<Tables>) => Promise<T>,
    options?: { exclusive?: boolean },
  ): Promise<T>
  /**
   * Reads one state of the database for as long as needed, on its own connection, without blocking other
   * readers or writers. The work must not wait for a client: an open reader keeps SQLite from resetting its
   * write-ahead log, and PostgreSQL from removing dead rows.
   */
  snapshot<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * A number that changes with every commit of any process. While it stays the same, `read` returns the
   * same rows. Within one turn of the event loop only writes of this process change it, so `read` may be newer
   * than the number, but never older. Undefined on PostgreSQL, where it would cost a query.
   */
  changeToken(): number | undefined
  /**
   * The same number, read by a query that starts after the call. Rows that are read afterwards are as new as
   * the number, or newer. Concurrent callers share one query. Present only where `changeToken` is undefined.
   */
  readChangeToken?(): Promise<number>
  /** Runs a prepared query on `read`, outside of any transaction. */
  run: RunPrepared
  /** The time by the database's clock, which all processes that share the database use. */
  now(): Promise<Milliseconds>
  /** For metrics: connections in use, and callers that wait for one. Present only where there are pools. */
  pools?(): { pool: string; used: number; waiting: number }[]
  /** Resolves if the database answers. */
  check(): Promise<void>
  close(): Promise<void>
}

/** Where a database is: the file of an embedded database, or a server. */
export type DatabaseLocation = string | PostgresLocation

export interface PostgresLocation {
  /** `postgres://user:password@host:port/database?…` */
  url: string
  /** The most connections that this process has open at once. */
  connections: number
}
