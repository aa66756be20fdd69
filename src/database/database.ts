import type { CompiledQuery, QueryExecutor, Transaction } from 'kysely'
import type { Milliseconds, Queries, Tables } from './tables.ts'
import { requireFinished } from './unfinished.ts'

export interface Database {
  /** Whether nothing can be written, because its disk cannot be: each write then rejects. */
  readonly isReadOnly: boolean
  /**
   * For reading. A transaction on it sees one state of the database throughout; on SQLite so do `ask`
   * and `changes` meanwhile. So it awaits nothing but its own queries.
   */
  readonly read: Queries
  /**
   * Runs one write transaction; it is durable when this resolves, and rolled back when `work`
   * throws. One at a time among all processes that share the database, so that what one reads in it
   * stays so until it ends, and ids grow in the order of the commits; `work` awaits nothing but its
   * own queries.
   */
  write<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * As `write`, without waiting for anybody where the database allows several writers: for what is
   * right whatever else is written at the same time.
   */
  writeBeside<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * As `writeBeside`, for what only records: gives up when somebody else holds a lock for more than a
   * second. See `recorder.ts`.
   * @param inTurn as `write`: not at the same time as what changes something
   */
  record<T>(
    work: (transaction: Transaction<Tables>) => Promise<T>,
    options?: { inTurn?: boolean },
  ): Promise<T>
  /**
   * Reads one state of the database for as long as it takes, on a connection of its own, without
   * holding up anybody. The work must not wait for a client: an open reader keeps SQLite's
   * write-ahead log from being reset, and PostgreSQL's rows from being cleared away.
   */
  snapshot<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * A number that is another one after anybody, in this process or another, has committed anything:
   * while it stays, `read` would tell the same again. Within one turn of the event loop only writes of
   * this process make it another one, so `read` may already tell more than it does, but never less.
   * Undefined where that cannot be told so cheaply: then whatever is known has to be looked up anew.
   */
  changes(): number | undefined
  /**
   * The same where it has to be asked, told no earlier than the call: what is read afterwards is as new
   * as that, or newer. One question for all who ask at a time. Only where `changes` tells nothing.
   */
  askChanges?(): Promise<number>
  /** Asks `read`, outside of any transaction, and has the database keep the query prepared. */
  ask: Ask
  /** The database's clock: what all who share it agree on. */
  now(): Promise<Milliseconds>
  /** For metrics: connections that are in use, and who waits for one. Only where there are pools. */
  pools?(): { pool: string; used: number; waiting: number }[]
  /** Answers if the database does. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Asks a query that was built beforehand, once: at every request, to build it would cost more than to
 * run it.
 *
 * @param query its own parameters only hold the places of those that it is asked with
 */
export type Ask = <Row>(
  query: CompiledQuery<Row>,
  ...parameters: readonly (string | number | null)[]
) => Promise<Row[]>

/** Asks within a transaction. */
export function askWithin(trx: Queries): Ask {
  const executor: AskingExecutor = trx.getExecutor()
  return (
    executor.ask ??
    (async <Row>(query: CompiledQuery<Row>, ...parameters: readonly (string | number | null)[]) =>
      (await trx.executeQuery<Row>({ ...query, parameters })).rows)
  )
}

/** A transaction's own, which may have a shorter way to the database. */
export interface AskingExecutor extends QueryExecutor {
  ask?: Ask
}

/** Where a database is: a file of the embedded one, or a server. */
export type DatabaseLocation = string | PostgresLocation

export interface PostgresLocation {
  /** `postgres://user:password@host:port/database?…` */
  url: string
  /** At most so many at once, of this process. */
  connections: number
}

/**
 * Opens a database and brings its tables up to date.
 *
 * @param clock for tests of what happens after days
 * @param unfinished also a library that is still being brought in, for who brings it
 * @param asItIs changes nothing, and refuses tables that are not up to date
 * @throws AppError if it cannot be reached or used, with a `detail` for who starts the program
 */
export async function openDatabase(
  location: DatabaseLocation,
  clock?: () => Milliseconds,
  { unfinished = false, asItIs = false } = {},
): Promise<Database> {
  const database = await openEngine(location, clock, asItIs)
  try {
    if (!unfinished) await requireFinished(database.read)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Neither engine is loaded where the other one is used. */
async function openEngine(
  location: DatabaseLocation,
  clock: (() => Milliseconds) | undefined,
  asItIs: boolean,
) {
  if (typeof location === 'string') {
    const { openEmbedded } = await import('./embedded.ts')
    return openEmbedded(location, clock ?? Date.now, asItIs)
  }
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres(location, clock, asItIs)
}
