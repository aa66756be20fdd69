import { hash } from 'node:crypto'
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
import type { Ask, Database, PostgresLocation } from './database.ts'
import { migrate, requireCurrent } from './migrate.ts'
import {
  isSilence,
  type NamedQuery,
  OutcomeUnknown,
  postgresDialect,
  STATEMENT_MS,
} from './postgres-dialect.ts'
import { findOutcome } from './postgres-outcome.ts'
import type { Milliseconds, Tables } from './tables.ts'

/** Lower versions lack nothing that is used, but are not tested. */
const LEAST_VERSION = 15
/** A transaction whose process hangs is ended by the server, and with it the lock that it holds. */
const IDLE_IN_TRANSACTION_MS = 15_000
const CONNECT_MS = 5_000
/**
 * Every statement answers a request, and is over before other processes of the server have been started
 * to help, or code for it has been compiled: that took 20 ms of searches which take one.
 */
const PLANNING = '-c max_parallel_workers_per_gather=0 -c jit=off'
/**
 * What the server's default of 4 MB is too little for: the ids of 100,000 matches went to a file. Who gives
 * the account more keeps it.
 */
const LEAST_WORK_MEM = `
  SELECT set_config('work_mem', '64MB', false)
  WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')`
/** How long the offset between two clocks is trusted. */
const CLOCK_SYNC_MS = 60_000

/**
 * So long, in turn, who asks for all waits for a connection's answer before another one is asked. Longer
 * each time, since it may be the server that is slow.
 */
const SHARED_PATIENCE_MS = [1000, 2000, 5000]

/** Of all advisory locks in the database, the one that writers take in turn. */
const WRITE_LOCK = 0x56697472
/** READ COMMITTED: each statement also sees what others committed while it waited for the lock. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'
const TELL_ID = 'SELECT pg_current_xact_id()::text AS xid'
const BEGIN_BESIDE = `${BEGIN}; ${TELL_ID}`
const BEGIN_IN_TURN = `${BEGIN}; SELECT pg_advisory_xact_lock(${WRITE_LOCK}); ${TELL_ID}`
const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
/** How long what only records waits for a lock. */
const RECORD_LOCK_MS = 1000

/**
 * Opens a library on a PostgreSQL server, and makes or migrates its tables unless it is to stay as it is.
 *
 * Readers, writers and snapshots have connections of their own, so that none of them waits for the
 * others'. Each is made when it is needed and again after it was lost: when the server comes back, so
 * does everything.
 *
 * @throws AppError if the server cannot be reached or is not fit, with a `detail` that says why
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
    // A connection that is lost is no fault by itself: the query that was on it fails, the next one
    // makes another.
    pool.on('connect', (client) => {
      heard(client)
      // Should it fail, so does what the connection is wanted for.
      if (mode === 'read') client.query(LEAST_WORK_MEM).catch(() => {})
    })
    return pool
  }
  const over = (pool: pg.Pool, begin: string) =>
    new Kysely<Tables>({
      dialect: postgresDialect(pool, begin),
      // SQLite knows `IN ()`, PostgreSQL does not.
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
  const writer = over(writing, BEGIN_IN_TURN)
  const besideWriter = over(writing, BEGIN_BESIDE)
  const snapshots = over(copying, BEGIN_READING)
  /** The names under which `ask` has its queries prepared. */
  const statements = new WeakMap<object, string>()

  async function askWith<Row>(
    query: CompiledQuery<Row>,
    parameters: readonly (string | number | null)[],
    patience?: number,
  ) {
    const statement = statements.get(query) ?? nameStatement(query)
    statements.set(query, statement)
    const limited = patience !== undefined && { patience }
    const named: NamedQuery<Row> = { ...query, parameters, statement, ...limited }
    return (await reader.executeQuery<Row>(named)).rows
  }

  /** Asks for many who wait: one connection that is stalled must not stall them all. */
  const askForAll: Ask = async (query, ...parameters) => {
    for (const patience of SHARED_PATIENCE_MS.slice(0, -1)) {
      try {
        return await askWith(query, parameters, patience)
      } catch (error) {
        if (!isSilence(error)) throw error
      }
    }
    return askWith(query, parameters, SHARED_PATIENCE_MS.at(-1))
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
      if (!(await findOutcome(reader, askForAll, error))) throw error.cause
    }
    if (!result) throw new Error('A transaction was committed without its work.')
    return result.value
  }

  return {
    isReadOnly: false,
    read: reader,
    write: (work) => transact(writer, work),
    writeBeside: (work) => transact(besideWriter, work),
    record: (work, { inTurn = false } = {}) =>
      transact(besideWriter, async (trx) => {
        await sql`SET LOCAL lock_timeout = ${sql.lit(RECORD_LOCK_MS)}`.execute(trx)
        if (inTurn) await takeTurn(trx)
        return work(trx)
      }),
    snapshot: (work) => snapshots.transaction().execute(work),
    changes: () => undefined,
    askChanges: followChanges(reader, askForAll),
    ask: (query, ...parameters) => askWith(query, parameters),
    now: clock ? async () => clock() : followClock(reader, askForAll),
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

/** Until the transaction ends nobody else writes. */
const takeTurn = (trx: Kysely<Tables>) =>
  sql`SELECT pg_advisory_xact_lock(${sql.lit(WRITE_LOCK)})`.execute(trx)

/** The same for the same text in every process: behind a pooler they may share a connection. */
const nameStatement = ({ sql }: CompiledQuery) => `vitrine_${hash('sha256', sql).slice(0, 32)}`

/** 64-bit integers as numbers: none that is kept here is past 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8 || oid === pg.types.builtins.NUMERIC) return Number
  return pg.types.getTypeParser(oid, format)
}

/**
 * See `Database.askChanges`. Two snapshots are the same only if no transaction that writes has ended
 * between them, in whatever database of the server: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
 */
function followChanges(db: Kysely<Tables>, ask: Ask): () => Promise<number> {
  const query = sql<{ snapshot: string }>`SELECT pg_current_snapshot()::text AS snapshot`.compile(
    db,
  )
  let last = ''
  let changes = 0
  let asking: Promise<unknown> = Promise.resolve()
  let next: Promise<number> | undefined

  async function question(): Promise<number> {
    next = undefined
    const [row] = await ask(query)
    if (!row) throw new Error('The database did not tell its snapshot.')
    if (row.snapshot !== last) changes += 1
    last = row.snapshot
    return changes
  }

  // The answer that is under way may be older than who asks now.
  return () => {
    next ??= asking.then(() => {
      const answer = question()
      asking = answer.catch(() => {})
      return answer
    })
    return next
  }
}

/** Tells the server's time by a clock of this process that nobody sets, compared now and then. */
function followClock(db: Kysely<Tables>, ask: Ask): () => Promise<Milliseconds> {
  const query = sql<{ now: number }>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`.compile(db)
  let base: { server: Milliseconds; own: number } | undefined
  let syncing: Promise<void> | undefined

  async function sync() {
    const before = performance.now()
    const [row] = await ask(query)
    const after = performance.now()
    if (!row) throw new Error('The database did not tell its time.')
    base = { server: row.now, own: (before + after) / 2 }
  }

  return async () => {
    const isOld = base === undefined || performance.now() - base.own > CLOCK_SYNC_MS
    if (isOld) {
      syncing ??= sync().finally(() => {
        syncing = undefined
      })
      // With an old comparison there is no need to wait for the new one.
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

/** In words for who starts the program, without the password that the address may hold. */
function explainStart(error: unknown, url: string): unknown {
  if (error instanceof AppError && error.status !== 503) return error
  const { host, pathname } = new URL(url)
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // What the server or the operating system says.
    if (!(cause instanceof AppError) && 'code' in cause) {
      const name = pathname.slice(1)
      return unfit(`The database ${name} at ${host} cannot be used: ${cause.message}`, cause)
    }
  }
  return error
}
