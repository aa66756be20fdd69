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
import type { Ask, AskingExecutor } from './database.ts'
import type { Tables } from './tables.ts'

/** How long to go on trying while another process holds SQLite's lock. */
const BUSY_DEADLINE_MS = 10_000
/** Of prepared statements that are kept, of each connection: some 500 as most of them are. */
const MAX_STATEMENTS_BYTES = 16 * 1024 * 1024
/** Of one, and of each character of its text, as measured. */
const STATEMENT_BYTES = 5000
const STATEMENT_FACTOR = 45

const BEGIN = { read: 'BEGIN', write: 'BEGIN IMMEDIATE' }

/**
 * Opens a connection. Reading ones cannot write; the writing one is durable at each commit.
 * @param file the path of the database, or its address with parameters; its folder exists
 */
export function openSqlite(file: string | URL, mode: 'read' | 'write'): DatabaseSync {
  const connection = new DatabaseSync(file, {
    readOnly: mode === 'read',
    enableForeignKeyConstraints: true,
    // Only while opening. Afterwards waiting is done by `retryWhileBusy`, without blocking.
    timeout: BUSY_DEADLINE_MS,
  })
  if (mode === 'write') connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  connection.exec('PRAGMA busy_timeout = 0; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY')
  return connection
}

/** Kysely on one connection of `node:sqlite`. Transactions of a writing one begin IMMEDIATE. */
export function sqliteDialect(connection: DatabaseSync, mode: 'read' | 'write'): Dialect {
  return {
    createAdapter: () => new TransactionalAdapter(),
    createDriver: () => createDriver(connection, mode),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Lets the migrator run a migration whole or not at all. */
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
    // Some errors (a full disk) have rolled back already.
    rollbackTransaction: async () => (sqlite.isTransaction ? run('ROLLBACK') : undefined),
    destroy: async () => sqlite.close(),
  }
}

interface Prepared {
  statement: StatementSync
  /** To ask the statement itself, each time, would take as long as to run a small one. */
  givesRows: boolean
}

/** What Kysely does not know of its connection. */
export interface SqliteConnection extends DatabaseConnection {
  /** See `insertEach`. */
  insertEach<Row>(
    sql: string,
    rows: readonly Row[],
    valuesOf: (row: Row, index: number) => readonly SQLInputValue[],
  ): number[]
}

/**
 * A statement that gives no rows, to be `run`. What that tells includes the id that the connection inserted
 * last, whatever the statement: deleting from the search index leaves one of its own there, which are past
 * 2^53, and as a number each later statement would throw after it has done its work.
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

    // No other process can hold the lock: the transaction has it.
    insertEach(sql, rows, valuesOf) {
      const { statement } = prepare(sql)
      return rows.map((row, index) => {
        const id = Number(statement.run(...valuesOf(row, index)).lastInsertRowid)
        if (!Number.isSafeInteger(id)) throw new Error(`A row was inserted as ${id}.`)
        return id
      })
    },

    /** Yields rows in chunks, and to other work of the process between them. */
    async *streamQuery<R>({ sql, parameters }: CompiledQuery, chunkSize: number) {
      // Not from the cache: an open iteration must not be reset by another use of the statement.
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
 * See `Database.write`. Kysely's own transactions have each query pass through half a dozen promises and
 * locks that a connection which answers at once has no use for: in a process that has not run them
 * thousands of times yet, that takes as long as all of an item's queries.
 *
 * @param ended is called whenever a transaction is over, committed or not
 * @returns what takes also for how many milliseconds to go on trying while another process writes
 */
export function createWrite(
  sqlite: DatabaseSync,
  mode: 'read' | 'write',
  ended: () => void,
): <T>(work: Work<T>, patience?: number) => Promise<T> {
  const dialect = sqliteDialect(sqlite, mode)
  const props = { config: { dialect }, dialect, driver: dialect.createDriver() }
  const connection = createConnection(sqlite)
  const ask = createAsk(sqlite)
  const begin = prepareRunning(sqlite, BEGIN[mode])
  const commit = prepareRunning(sqlite, 'COMMIT')
  const rollback = prepareRunning(sqlite, 'ROLLBACK')
  /** The one that is under way or waits, if there is any; it never rejects. */
  let last: Promise<void> | undefined

  async function transact<T>(work: Work<T>, patience?: number): Promise<T> {
    const executor = new TransactionExecutor(dialect, connection, ask)
    try {
      await retryWhileBusy(() => begin.run(), patience)
      const result = await work(new Transaction({ ...props, executor }))
      await retryWhileBusy(() => commit.run())
      return result
    } catch (error) {
      // Some errors (a full disk) have rolled back already, and what failed may be the beginning.
      if (sqlite.isTransaction) rollback.run()
      throw error
    } finally {
      executor.end()
      ended()
    }
  }

  return (work, patience) => {
    // However many queue, reads and other processes have a turn between two of them.
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

/** Has a transaction's queries run at once on its connection, as long as it lasts. */
class TransactionExecutor extends DefaultQueryExecutor implements AskingExecutor {
  readonly ask: Ask
  #connection: DatabaseConnection | undefined

  constructor(dialect: Dialect, connection: DatabaseConnection, ask: Ask) {
    super(dialect.createQueryCompiler(), dialect.createAdapter(), {
      provideConnection: (consumer) => consumer(this.#getConnection()),
    })
    this.#connection = connection
    this.ask = async (...query) => {
      this.#getConnection()
      return ask(...query)
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

/** See `Database.ask`. */
export function createAsk(sqlite: DatabaseSync): Ask {
  const statements = new WeakMap<object, StatementSync>()
  return <Row>(query: CompiledQuery<Row>, ...parameters: readonly (string | number | null)[]) =>
    retryWhileBusy(() => {
      let statement = statements.get(query)
      if (!statement) {
        statement = sqlite.prepare(query.sql)
        statements.set(query, statement)
      }
      return statement.all(...parameters) as Row[]
    })
}

/**
 * Tries again, without blocking the event loop, while another process holds the lock. That happens
 * at the start of a transaction or at a single statement, never in the middle: a write transaction
 * holds the lock from its first statement on.
 *
 * @param patience in milliseconds
 * @throws AppError 503 "Service busy" when the lock is not free by then
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
