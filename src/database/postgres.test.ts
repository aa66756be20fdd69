import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fillDatabase } from '../../test/fill-library.ts'
import { makeDataFolder } from '../../test/harness.ts'
import { locateDatabase } from '../../test/postgres.ts'
import { startTcpProxy } from '../../test/tcp-proxy.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database, PostgresLocation } from './database.ts'
import { openDatabase } from './open.ts'
import { type Parameter, prepare, runIn } from './prepared.ts'

const BUSY = { status: 503, code: 'service-busy', headers: { 'retry-after': '2' } }
const PATIENCE = { timeout: 20_000 }

async function locate(): Promise<PostgresLocation> {
  const location = await locateDatabase(makeDataFolder())
  if (typeof location === 'string') throw new Error('This is no server.')
  return location
}

async function startProxy(location: PostgresLocation) {
  const proxy = await startTcpProxy(location.url)
  onTestFinished(() => proxy.close())
  return { ...proxy, location: { ...location, url: proxy.url } }
}

async function open(location: PostgresLocation): Promise<Database> {
  const database = await openDatabase(location)
  onTestFinished(() => database.close())
  return database
}

it('is created once when ten processes start at the same time', async () => {
  const location = await locate()
  const databases = await Promise.all(Array.from({ length: 10 }, () => open(location)))
  const uuids = await Promise.all(
    databases.map(({ read }) => read.selectFrom('library').select('uuid').execute()),
  )
  expect(new Set(uuids.flat().map(({ uuid }) => uuid)).size).toBe(1)
})

it('answers 503 while the server is away, and works again when it is back', async () => {
  const { location, cut, mend } = await startProxy(await locate())
  const database = await open(location)
  await fillDatabase(database, [{ name: 'One' }])
  cut()
  await expect(database.read.selectFrom('users').select('id').execute()).rejects.toMatchObject(BUSY)
  await expect(fillDatabase(database, [{ name: 'Two' }])).rejects.toMatchObject(BUSY)
  await expect(database.check()).rejects.toMatchObject(BUSY)
  mend()
  await expect
    .poll(
      () =>
        database.check().then(
          () => true,
          () => false,
        ),
      PATIENCE,
    )
    .toBe(true)
  const { rows } = await sql<{ name: string }>`SELECT name FROM media`.execute(database.read)
  expect(rows).toEqual([{ name: 'One' }])
})

it('keeps nothing of a transaction whose connection was cut', async () => {
  const { location, cut, mend } = await startProxy(await locate())
  const database = await open(location)
  const cutOff = database.write(async (trx) => {
    await trx.updateTable('library').set({ version: 77 }).execute()
    cut()
    await trx.selectFrom('library').selectAll().execute()
  })
  await expect(cutOff).rejects.toMatchObject(BUSY)
  mend()
  // The server has freed the lock of the lost writer.
  await expect
    .poll(
      () =>
        fillDatabase(database, []).then(
          () => true,
          () => false,
        ),
      PATIENCE,
    )
    .toBe(true)
  const library = await database.read.selectFrom('library').select('version').executeTakeFirst()
  expect(library).toEqual({ version: 1 })
})

describe('a connection that is cut at COMMIT', () => {
  const readNames = async ({ read }: Database) =>
    (await read.selectFrom('media').select('name').execute()).map(({ name }) => name)

  it('resolves if the transaction was committed', async () => {
    const { location, cutAt } = await startProxy(await locate())
    const database = await open(location)
    const cutOff = cutAt('COMMIT\0', 'answered')
    await fillDatabase(database, [{ name: 'One' }])
    await cutOff
    expect(await readNames(database)).toEqual(['One'])

    const cutOffBeside = cutAt('COMMIT\0', 'answered')
    const told = await database.writeConcurrently(async (trx) => {
      await trx.updateTable('media').set({ name: 'Two' }).execute()
      return 'done'
    })
    await cutOffBeside
    expect(told).toBe('done')
    expect(await readNames(database)).toEqual(['Two'])
  })

  it('resolves also if the server was away for a while', async () => {
    const { location, cutAt, cut, mend } = await startProxy(await locate())
    const database = await open(location)
    const cutOff = cutAt('COMMIT\0', 'answered').then(cut)
    const writing = fillDatabase(database, [{ name: 'One' }])
    await cutOff
    await expect(database.check()).rejects.toMatchObject(BUSY)
    mend()
    await writing
    expect(await readNames(database)).toEqual(['One'])
  })

  it('is a 503, and nothing was committed, if COMMIT did not arrive', async () => {
    const { location, cutAt } = await startProxy(await locate())
    const database = await open(location)
    const cutOff = cutAt('COMMIT\0', 'before')
    await expect(fillDatabase(database, [{ name: 'One' }])).rejects.toMatchObject(BUSY)
    await cutOff
    expect(await readNames(database)).toEqual([])
  })
})

it('parses a prepared query once for each connection, also in transactions', async () => {
  const database = await open(await locate())
  const add = prepare((db, one: Parameter<number>) =>
    sql<{ sum: number }>`SELECT ${one}::int + 1 AS sum`.compile(db),
  )
  const parsed = await database.write(async (trx) => {
    expect(await runIn(trx, add, 1)).toEqual([{ sum: 2 }])
    expect(await runIn(trx, add, 2)).toEqual([{ sum: 3 }])
    const { rows } = await sql`
      SELECT statement, (generic_plans + custom_plans)::int AS plans
      FROM pg_prepared_statements`.execute(trx)
    return rows
  })
  expect(parsed).toEqual([{ statement: 'SELECT $1::int + 1 AS sum', plans: 2 }])
})

it('runs a shared query on another connection when one is stalled', async () => {
  const { location, stall } = await startProxy(await locate())
  const database = await open(location)
  const before = await database.readChangeToken?.()
  stall()
  // Commits of other databases of the server count as well.
  const [one, other] = await Promise.all([
    database.readChangeToken?.(),
    database.readChangeToken?.(),
  ])
  expect(one).toBe(other)
  expect(one).toBeGreaterThanOrEqual(Number(before))
  expect(await database.readChangeToken?.()).toBeGreaterThanOrEqual(Number(before))
})

describe('a snapshot whose connection is lost', () => {
  const streamMany = (database: Database, each: () => Promise<unknown>) =>
    database.snapshot(async (trx) => {
      const query = sql`SELECT generate_series(1, 100000) AS n`.compile(trx)
      for await (const _ of trx.getExecutor().stream(query, 100)) await each()
    })

  it('rejects at once, and leaves its place in the pool free', async () => {
    const database = await open({ ...(await locate()), connections: 8 })
    const terminate = sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`
    // The pool has two connections for snapshots. Each is lost more than once: during a read and in between.
    for (let times = 0; times < 5; times += 1) {
      const lost = streamMany(database, () => terminate.execute(database.read))
      await expect(lost).rejects.toMatchObject(BUSY)
    }
    let rows = 0
    await streamMany(database, async () => {
      rows += 1
    })
    expect(rows).toBe(1000)
  })

  it('rejects with the error of a reader that breaks off, and leaves its place in the pool free', async () => {
    const database = await open({ ...(await locate()), connections: 8 })
    for (let times = 0; times < 5; times += 1) {
      const broken = streamMany(database, async () => {
        throw new Error('The client has left.')
      })
      await expect(broken).rejects.toThrow('The client has left.')
    }
  })
})

it('lets writers of several processes write one after the other', async () => {
  const location = await locate()
  const databases = [await open(location), await open(location), await open(location)]
  const increment = (database: Database) =>
    database.write(async (trx) => {
      const { version } = await trx
        .selectFrom('library')
        .select('version')
        .executeTakeFirstOrThrow()
      await trx
        .updateTable('library')
        .set({ version: version + 1 })
        .execute()
    })
  await Promise.all(
    databases.flatMap((database) => Array.from({ length: 20 }, () => increment(database))),
  )
  const [database] = databases
  expect(await database?.read.selectFrom('library').select('version').execute()).toEqual([
    { version: 60 },
  ])
})

it('shows a reading transaction one state throughout, and refuses changes in it', async () => {
  const database = await openTemporaryDatabase()
  const count = async (db = database.read) =>
    (await db.selectFrom('media').select('id').execute()).length
  await database.read
    .transaction()
    .execute(async (trx) => {
      expect(await count(trx)).toBe(0)
      await fillDatabase(database, [{ name: 'One' }])
      expect(await count(trx)).toBe(0)
      await expect(trx.deleteFrom('media').execute()).rejects.toThrow('read-only')
    })
    .catch(() => {})
  expect(await count()).toBe(1)
})

it('commits nothing of a transaction in which a statement failed, even if its error is caught', async () => {
  const database = await openTemporaryDatabase()
  const caught = database.write(async (trx) => {
    await trx.updateTable('library').set({ version: 5 }).execute()
    await sql`SELECT no_such_column`.execute(trx).catch(() => {})
  })
  await expect(caught).rejects.toThrow('nothing was committed')
  expect(await database.read.selectFrom('library').select('version').execute()).toEqual([
    { version: 0 },
  ])
})

it('changes the token for every caller as soon as something is committed', async () => {
  const location = await locate()
  const [reader, other] = [await open(location), await open(location)]
  const ask = () => reader.readChangeToken?.()
  const told = [await ask()]
  const committed = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  const writing = other.write(async (trx) => {
    await trx.updateTable('library').set({ version: 7 }).execute()
    written.resolve()
    await committed.promise
  })
  await written.promise
  told.push(...(await Promise.all([ask(), ask(), ask()])))
  committed.resolve()
  // A call after the commit gets a new token, whatever queries are already running.
  const asking = setInterval(() => void ask()?.catch(() => {}), 1)
  await writing
  clearInterval(asking)
  expect(told).not.toContain(await ask())
  expect(await reader.read.selectFrom('library').select('version').execute()).toEqual([
    { version: 7 },
  ])
})

it('finds nothing for a text that holds NUL, which PostgreSQL refuses', async () => {
  const { read } = await openTemporaryDatabase()
  expect(await read.selectFrom('files').selectAll().where('sha256', '=', 'a\0').execute()).toEqual(
    [],
  )
})

it('gives searches the memory that they need, and keeps a larger setting', async () => {
  const location = await locate()
  const show = async (database: Database) =>
    (await sql<{ work_mem: string }>`SHOW work_mem`.execute(database.read)).rows
  const database = await open(location)
  expect(await show(database)).toEqual([{ work_mem: '64MB' }])
  const name = sql.ref(new URL(location.url).pathname.slice(1))
  await database.write((trx) => sql`ALTER DATABASE ${name} SET work_mem = '128MB'`.execute(trx))
  expect(await show(await open(location))).toEqual([{ work_mem: '128MB' }])
})

it('returns the time of the server', async () => {
  const database = await openTemporaryDatabase()
  const { rows } = await sql<{ now: number }>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`.execute(database.read)
  const [first, second] = [await database.now(), await database.now()]
  expect(second).toBeGreaterThanOrEqual(first)
  expect(Math.abs(first - (rows[0]?.now ?? 0))).toBeLessThan(5000)
})

it.each([
  [
    'a server that is not there',
    (url: URL) => {
      url.port = '9'
    },
    /at 127\.0\.0\.1:9 cannot be used/,
  ],
  [
    'a database that is not there',
    (url: URL) => {
      url.pathname = '/none'
    },
    /"none" does not exist/,
  ],
])('says at the start what is wrong with %s, and no password', async (_, change, message) => {
  const url = new URL((await locate()).url)
  url.password = 'very-secret'
  change(url)
  const opening = openDatabase({ url: url.href, connections: 4 })
  await expect(opening).rejects.toMatchObject({ detail: expect.stringMatching(message) })
  await expect(opening).rejects.not.toMatchObject({ detail: expect.stringContaining('secret') })
})

it('says that a database in another encoding is unfit', async () => {
  const { url } = await locate()
  const name = `${new URL(url).pathname.slice(1)}_latin`
  const database = await openDatabase({ url, connections: 4 })
  await sql`CREATE DATABASE ${sql.ref(name)} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`.execute(
    database.read,
  )
  await database.close()
  const latin = new URL(url)
  latin.pathname = `/${name}`
  await expect(openDatabase({ url: latin.href, connections: 4 })).rejects.toMatchObject({
    detail: expect.stringContaining('LATIN1'),
  })
})
