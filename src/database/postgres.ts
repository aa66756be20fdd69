import {
  type CompiledQuery,
  HandleEmptyInListsPlugin,
  Kysely,
  replaceWithNoncontingentExpression,
  sql,
  type Transaction,
} from 'kysely'
import pg from 'pg'
import { AppError } from '../base/errors.ts'
import { heard } from '../base/heard.ts'
import type { Database, PostgresLocation } from './database.ts'
import { migrate, requireCurrent } from './migrate.ts'
import {
  isSilence,
  type NamedQuery,
  OutcomeUnknown,
  postgresDialect,
  STATEMENT_MS,
} from './postgres-dialect.ts'
import { findOutcome } from './postgres-outcome.ts'
import { createRunPrepared, nameQuery, type RunCompiled, type SqlValue } from './prepared.ts'
import type { Milliseconds, Tables } from './tables.ts'

/** Older versions have every feature that is used, but are not tested. */
const LEAST_VERSION = 15
/** If a process hangs, the server ends its transaction after this time, and so frees its locks. */
const IDLE_IN_TRANSACTION_MS = 15_000
const CONNECT_MS = 5_000
/**
 * No parallel workers and no compilation. Every statement answers a request, and is done before the server
 * has started a worker or compiled code for it: with them, a search of 1 ms took 20 ms.
 */
const PLANNING = '-c max_parallel_workers_per_gather=0 -c jit=off'
/**
 * The server's default of 4 MB is too little: the ids of 100,000 matches went to a temporary file. A larger
 * value that the account has is kept.
 */
const LEAST_WORK_MEM = `
  SELECT set_config('work_mem', '64MB', false)
  WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')`
/** How long the offset between two clocks is trusted. */
const CLOCK_SYNC_MS = 60_000

/**
 * How long a shared query waits for a connection's answer before it is sent on another connection. Longer
 * each time, because the server itself may be slow.
 */
const SHARED_PATIENCE_MS = [1000, 2000, 5000]

/** Advisory lock that serialises write transactions across processes. */
const WRITE_LOCK = 0x56697472
/** READ COMMITTED: after its wait for the lock, a transaction sees what others committed meanwhile. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'
const TELL_ID = 'SELECT pg_current_xact_id()::text AS xid'
const BEGIN_CONCURRENT = `${BEGIN}; ${TELL_ID}`
const BEGIN_EXCLUSIVE = `${BEGIN}; SELECT pg_advisory_xact_lock(${WRITE_LOCK}); ${TELL_ID}`
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
/** How long `Database.record` waits for a lock. */
const RECORD_LOCK_MS = 1000

/**
 * Opens a library on a PostgreSQL server. Creates or migrates its tables, unless `asItIs` is set.
 *
 * Readers, writers and snapshots have separate pools, so that none of them waits for a connection of the
 * others. A connection is opened when it is needed, and again after it was lost: once the server is back,
 * everything works again.
 *
 * @throws AppError if the server cannot be reached or is unfit; its `detail` says why
 */
export async function openPostgres(
  { url, connections }: PostgresLocation,
  clock?: () => Milliseconds,
  asItIs = false,
): Promise<Database> {
  const connect = (mode: 'read' | 'write' | 'migrate', max: number) => {
    const pool = heard(
      new pg.Pool({
        connectionString: url,
        max: Math.max(1, max),
        application_name: 'vitrine',
        connectionTimeoutMillis: CONNECT_MS,
        keepAlive: true,
        types: { getTypeParser },
        ...(mode !== 'migrate' && {
          statement_timeout: STATEMENT_MS,
          idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
          options: PLANNING,
        }),
      }),
    )
    // A lost connection is no fault by itself: the query that ran on it fails, and the next query opens
    // another connection.
    pool.on('connect', (client) => {
      heard(client)
      // If this fails, the query that the connection is needed for fails too.
      if (mode === 'read') client.query(LEAST_WORK_MEM).catch(() => {})
    })
    return pool
  }
  const over = (pool: pg.Pool, begin: string) =>
    new Kysely<Tables>({
      dialect: postgresDialect(pool, begin),
      // SQLite accepts `IN ()`, PostgreSQL does not.
      plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
    })

  const migrations = connect('migrate', 2)
  try {
    const migrator = over(migrations, BEGIN)
    await requireFit(migrator)
    await (asItIs ? requireCurrent : migrate)(migrator)
  } catch (error) {
    throw explainStart(error, url)
  } finally {
    await migrations.end()
  }
  const quarter = Math.floor(connections / 4)
  const reading = connect('read', connections - 2 * quarter)
  const writing = connect('write', quarter)
  const copying = connect('read', quarter)
  const reader = over(reading, BEGIN_READING)
  const writer = over(writing, BEGIN_EXCLUSIVE)
  const concurrentWriter = over(writing, BEGIN_CONCURRENT)
  const snapshots = over(copying, BEGIN_READING)
  async function runCompiled<Row>(
    query: CompiledQuery<Row>,
    parameters: readonly SqlValue[],
    patience?: number,
  ) {
    const limited: Partial<NamedQuery<Row>> = patience === undefined ? {} : { patience }
    return (await reader.executeQuery<Row>({ ...query, parameters, ...limited })).rows
  }

  /** Runs a query that many requests wait for: one stalled connection must not stall them all. */
  const runShared: RunCompiled = async (query, parameters) => {
    for (const patience of SHARED_PATIENCE_MS.slice(0, -1)) {
      try {
        return await runCompiled(query, parameters, patience)
      } catch (error) {
        if (!isSilence(error)) throw error
      }
    }
    return runCompiled(query, parameters, SHARED_PATIENCE_MS.at(-1))
  }

  async function transact<T>(
    queries: Kysely<Tables>,
    work: (transaction: Transaction<Tables>) => Promise<T>,
  ): Promise<T> {
    let result: { value: T } | undefined
    try {
      await queries.transaction().execute(async (trx) => {
        result = { value: await work(trx) }
      })
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error
      if (!(await findOutcome(reader, runShared, error))) throw error.cause
    }
    if (!result) throw new Error('A transaction was committed without its work.')
    return result.value
  }

  return {
    isReadOnly: false,
    read: reader,
    write: (work) => transact(writer, work),
    writeConcurrently: (work) => transact(concurrentWriter, work),
    record: (work, { exclusive = false } = {}) =>
      transact(concurrentWriter, async (trx) => {
        await sql`SET LOCAL lock_timeout = ${sql.lit(RECORD_LOCK_MS)}`.execute(trx)
        if (exclusive) await takeWriteLock(trx)
        return work(trx)
      }),
    snapshot: (work) => snapshots.transaction().execute(work),
    changeToken: () => undefined,
    readChangeToken: createChangeTokenReader(reader, runShared),
    run: createRunPrepared(reader, runCompiled),
    now: clock ? async () => clock() : followClock(reader, runShared),
    pools: () =>
      Object.entries({ read: reading, write: writing, snapshot: copying }).map(([pool, of]) => ({
        pool,
        used: of.totalCount - of.idleCount,
        waiting: of.waitingCount,
      })),
    async check() {
      await sql`SELECT 1 FROM library`.execute(reader)
    },
    async close() {
      await Promise.all([reading, writing, copying].map((pool) => pool.end()))
    },
  }
}

/** Keeps all other writers out until the transaction ends. */
const takeWriteLock = (trx: Kysely<Tables>) =>
  sql`SELECT pg_advisory_xact_lock(${sql.lit(WRITE_LOCK)})`.execute(trx)

/** Reads 64-bit integers as numbers: none that is stored here is past 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8 || oid === pg.types.builtins.NUMERIC) return Number
  return pg.types.getTypeParser(oid, format)
}

/**
 * See `Database.readChangeToken`. Two snapshots are equal only if no writing transaction has ended between
 * them, in any database of the server: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
function createChangeTokenReader(
  db: Kysely<Tables>,
  runCompiled: RunCompiled,
): () => Promise<number> {
  const query = nameQuery(
    sql<{ snapshot: string }>`SELECT pg_current_snapshot()::text AS snapshot`.compile(db),
  )
  let last = ''
  let token = 0
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<number> | undefined

  async function read(): Promise<number> {
    next = undefined
    const [row] = await runCompiled(query, [])
    if (!row) throw new Error('The database did not return its snapshot.')
    if (row.snapshot !== last) token += 1
    last = row.snapshot
    return token
  }

  // A query that already runs may have seen a state from before this call.
  return () => {
    next ??= running.then(() => {
      const answer = read()
      running = answer.catch(() => {})
      return answer
    })
    return next
  }
}

/** Computes the server's time from this process's monotonic clock. Compares both every `CLOCK_SYNC_MS`. */
function followClock(db: Kysely<Tables>, runCompiled: RunCompiled): () => Promise<Milliseconds> {
  const query = nameQuery(
    sql<{ now: number }>`
      SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`.compile(db),
  )
  let base: { server: Milliseconds; own: number } | undefined
  let syncing: Promise<void> | undefined

  async function sync() {
    const before = performance.now()
    const [row] = await runCompiled(query, [])
    const after = performance.now()
    if (!row) throw new Error('The database did not return its time.')
    base = { server: row.now, own: (before + after) / 2 }
  }

  return async () => {
    const isOld = base === undefined || performance.now() - base.own > CLOCK_SYNC_MS
    if (isOld) {
      syncing ??= sync().finally(() => {
        syncing = undefined
      })
      // An old comparison is good enough until the new one is there.
      if (base === undefined) await syncing
      else syncing.catch(() => {})
    }
    if (base === undefined) throw new Error('The time of the database is not known.')
    return Math.round(base.server + performance.now() - base.own)
  }
}

async function requireFit(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ version: string; encoding: string }>`
    SELECT current_setting('server_version') AS version,
      current_setting('server_encoding') AS encoding`.execute(db)
  const { version = '', encoding = '' } = rows[0] ?? {}
  if (Number.parseInt(version, 10) < LEAST_VERSION) {
    throw unfit(`The server is PostgreSQL ${version}; version ${LEAST_VERSION} or later is needed.`)
  }
  if (encoding !== 'UTF8') {
    throw unfit(`The database is encoded as ${encoding}; make one with the encoding UTF8.`)
  }
}

const unfit = (detail: string, cause?: unknown) =>
  new AppError('database-unfit', 500, 'Database cannot be used', { detail, cause })

/** Explains an error to the operator, without the password that the URL may hold. */
function explainStart(error: unknown, url: string): unknown {
  if (error instanceof AppError && error.status !== 503) return error
  const { host, pathname } = new URL(url)
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // An error of the server or of the operating system.
    if (!(cause instanceof AppError) && 'code' in cause) {
      const name = pathname.slice(1)
      return unfit(`The database ${name} at ${host} cannot be used: ${cause.message}`, cause)
    }
  }
  return error
}
