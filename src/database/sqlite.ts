import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setImmediate as letOthers, setTimeout as sleep } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  Transaction,
} from 'kysely'
import { serviceBusy } from '../base/errors.ts'
import { createRecent } from '../base/recent.ts'
import type { RunCompiled, SqlValue } from './prepared.ts'
import type { Tables } from './tables.ts'

/** How long to retry while another process holds SQLite's lock. */
const BUSY_DEADLINE_MS = 10_000
/** Memory for the prepared statements that a connection keeps: about 500 of the usual size. */
const MAX_STATEMENTS_BYTES = 16 * 1024 * 1024
/** Bytes that one statement takes, and each character of its text, as measured. */
const STATEMENT_BYTES = 5000
const STATEMENT_FACTOR = 45

const BEGIN = { read: 'BEGIN', write: 'BEGIN IMMEDIATE' }

/**
 * Opens a connection. One for reading cannot write. One for writing makes each commit durable.
 * @param file the path of the database, or its URL with parameters; its folder must exist
 */
export function openSqlite(file: string | URL, mode: 'read' | 'write'): DatabaseSync {
  const connection = new DatabaseSync(file, {
    readOnly: mode === 'read',
    enableForeignKeyConstraints: true,
    // Only while opening. Afterwards `retryWhileBusy` waits, without blocking the event loop.
    timeout: BUSY_DEADLINE_MS,
  })
  if (mode === 'write') connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  connection.exec('PRAGMA busy_timeout = 0; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
  return connection
}

/** Kysely on one connection of `node:sqlite`. Transactions for writing begin IMMEDIATE. */
export function sqliteDialect(connection: DatabaseSync, mode: 'read' | 'write'): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => createDriver(connection, mode),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Lets the migrator run a migration in a transaction: whole or not at all. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl() {
    return true
  }
}

function createDriver(sqlite: DatabaseSync, mode: 'read' | 'write'): Driver {
  const connection = createConnection(sqlite)
  const run = async (sql: string) => {
    await connection.executeQuery(CompiledQuery.raw(sql))
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: () => run(BEGIN[mode]),
    commitTransaction: () => run('COMMIT'),
    // Some errors, such as a full disk, have already rolled back.
    rollbackTransaction: async () => (sqlite.isTransaction ? run('ROLLBACK') : undefined),
    destroy: async () => sqlite.close(),
  }
}

interface Prepared {
  statement: StatementSync
  /** Kept, because asking the statement each time takes as long as running a small one. */
  givesRows: boolean
}

/** A connection with a method that Kysely does not know. */
export interface SqliteConnection extends DatabaseConnection {
  /** See `insertEach`. */
  insertEach<Row>(
    sql: string,
    rows: readonly Row[],
    valuesOf: (row: Row, index: number) => readonly SQLInputValue[],
  ): number[]
}

/**
 * Prepares a statement that returns no rows, for `run`. Its result includes the id that the connection
 * inserted last, by whatever statement. Deleting from the search index leaves an internal id there that is
 * past 2^53. If `run` had to return it as a number, each later statement would throw after its work is done.
 */
function prepareRunning(sqlite: DatabaseSync, sql: string): StatementSync {
  const statement = sqlite.prepare(sql)
  statement.setReadBigInts(true)
  return statement
}

function createConnection(sqlite: DatabaseSync): SqliteConnection {
  const statements = createRecent<Prepared>(MAX_STATEMENTS_BYTES)

  const prepare = (sql: string): Prepared => {
    const known = statements.get(sql)
    if (known) return known
    const statement = sqlite.prepare(sql)
    const givesRows = statement.columns().length > 0
    if (!givesRows) statement.setReadBigInts(true)
    const prepared = { statement, givesRows }
    statements.set(sql, prepared, STATEMENT_BYTES + sql.length * STATEMENT_FACTOR)
    return prepared
  }

  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const values = parameters as SQLInputValue[]
      return retryWhileBusy(() => {
        const { statement, givesRows } = prepare(sql)
        if (givesRows) return { rows: statement.all(...values) as R[] }
        const { changes, lastInsertRowid } = statement.run(...values)
        return {
          rows: [],
          numAffectedRows: BigInt(changes),
          insertId: BigInt(lastInsertRowid),
        }
      })
    },

    // Without a retry: the transaction already holds the lock.
    insertEach(sql, rows, valuesOf) {
      const { statement } = prepare(sql)
      return rows.map((row, index) => {
        const id = Number(statement.run(...valuesOf(row, index)).lastInsertRowid)
        if (!Number.isSafeInteger(id)) throw new Error(`A row was inserted as ${id}.`)
        return id
      })
    },

    /** Yields rows in chunks, and lets other work of the process run between them. */
    async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number) {
      // Not from the cache: another use of the statement would reset the open iteration.
      const iterator = sqlite.prepare(sql).iterate(...(parameters as SQLInputValue[]))
      let rows: R[] = []
      for (const row of iterator) {
        rows.push(row as R)
        if (rows.length < chunkSize) continue
        yield { rows }
        rows = []
        await new Promise(setImmediate)
      }
      if (rows.length > 0) yield { rows }
    },
  }
}

type Work<T> = (transaction: Transaction<Tables>) => Promise<T>

/**
 * See `Database.write`. Kysely's own transactions are not used. In them each query passes through half a
 * dozen promises and locks, which a synchronous connection does not need. In a process that has not yet run
 * them thousands of times, they take as long as all queries for an item.
 *
 * @param ended called whenever a transaction is over, committed or not
 * @returns a function whose `patience` is how many milliseconds to retry while another process writes
 */
export function createWrite(
  sqlite: DatabaseSync,
  mode: 'read' | 'write',
  ended: () => void,
): <T>(work: Work<T>, patience?: number) => Promise<T> {
  const dialect = sqliteDialect(sqlite, mode)
  const props = { config: { dialect }, dialect, driver: dialect.createDriver() }
  const connection = createConnection(sqlite)
  const runCompiled = createRunCompiled(sqlite)
  const begin = prepareRunning(sqlite, BEGIN[mode])
  const commit = prepareRunning(sqlite, 'COMMIT')
  const rollback = prepareRunning(sqlite, 'ROLLBACK')
  /** The newest transaction that runs or waits, if there is one. Never rejects. */
  let last: Promise<void> | undefined

  async function transact<T>(work: Work<T>, patience?: number): Promise<T> {
    const executor = new TransactionExecutor(dialect, connection, runCompiled)
    try {
      await retryWhileBusy(() => begin.run(), patience)
      const result = await work(new Transaction({ ...props, executor }))
      await retryWhileBusy(() => commit.run())
      return result
    } catch (error) {
      // Some errors, such as a full disk, have already rolled back; or the BEGIN itself has failed.
      if (sqlite.isTransaction) rollback.run()
      throw error
    } finally {
      executor.end()
      ended()
    }
  }

  return (work, patience) => {
    // Reads and other processes get a turn between two transactions, however many are queued.
    const done = last
      ? last.then(letOthers).then(() => transact(work, patience))
      : transact(work, patience)
    const over: Promise<void> = done.then(
      () => leave(over),
      () => leave(over),
    )
    last = over
    return done
  }

  function leave(over: Promise<void>) {
    if (last === over) last = undefined
  }
}

/** Runs a transaction's queries directly on its connection, until the transaction is over. */
class TransactionExecutor extends DefaultQueryExecutor {
  /** See `runIn`. */
  readonly runCompiled: RunCompiled
  #connection: DatabaseConnection | undefined

  constructor(dialect: Dialect, connection: DatabaseConnection, runCompiled: RunCompiled) {
    super(dialect.createQueryCompiler(), dialect.createAdapter(), {
      provideConnection: (consumer) => consumer(this.#getConnection()),
    })
    this.#connection = connection
    this.runCompiled = async (query, values) => {
      this.#getConnection()
      return runCompiled(query, values)
    }
  }

  end() {
    this.#connection = undefined
  }

  #getConnection(): DatabaseConnection {
    if (!this.#connection) throw new Error('The transaction is over.')
    return this.#connection
  }

  override async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#getConnection().executeQuery<R>(query)
  }
}

export function createRunCompiled(sqlite: DatabaseSync): RunCompiled {
  const statements = new WeakMap<object, StatementSync>()
  return <Row>(query: CompiledQuery<Row>, values: readonly SqlValue[]) =>
    retryWhileBusy(() => {
      let statement = statements.get(query)
      if (!statement) {
        statement = sqlite.prepare(query.sql)
        statements.set(query, statement)
      }
      return statement.all(...values) as Row[]
    })
}

/**
 * Retries, without blocking the event loop, while another process holds the lock. That happens at the start
 * of a transaction or at a single statement, never in the middle of a transaction: a write transaction
 * holds the lock from its first statement on.
 *
 * @param patience in milliseconds
 * @throws AppError 503 "Service busy" if the lock is still held after that time
 */
async function retryWhileBusy<T>(attempt: () => T, patience = BUSY_DEADLINE_MS): Promise<T> {
  const deadline = Date.now() + patience
  for (let delay = 1; ; delay = Math.min(delay * 2, 50)) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (Date.now() > deadline) {
        throw serviceBusy('The database is locked by another process; try again soon.', 5, error)
      }
      await sleep(delay)
    }
  }
}

/** SQLITE_BUSY and its extended codes: https://sqlite.org/rescode.html#busy */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & 0xff) === 5
  )
}
