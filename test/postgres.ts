/** The PostgreSQL server of the tests. Every test that needs one has a database of its own on it. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseLocation, PostgresLocation } from '../src/database/database.ts'

/** Environment variable with the URL of another server. */
export const POSTGRES_VARIABLE = 'VITRINE_TEST_POSTGRES'
export const POSTGRES_SERVER =
  process.env[POSTGRES_VARIABLE] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const CONNECTIONS = 8

/** Set by `run.ts` if the server is for this run alone, and never flushes to disk. */
export const OWN_VARIABLE = 'VITRINE_TEST_POSTGRES_OWN'
const isOwn = process.env[OWN_VARIABLE] !== undefined

/** The server's version, such as 17, and its locale; undefined if it is not available. */
export async function findPostgres(): Promise<{ version: number; locale: string } | undefined> {
  const asked = `SELECT current_setting('server_version_num')::int / 10000 AS version,
    datcollate AS locale FROM pg_database WHERE datname = 'template0'`
  return runSql(asked).then(
    ({ rows: [found] }) => found,
    () => undefined,
  )
}

/** Whether this test run uses it. */
export const onPostgres = process.env.VITRINE_TEST_ENGINE === 'postgres'

const located = new Map<string, Promise<DatabaseLocation>>()

/** The database of a data folder: a file in it, or a database on the server, which is made on demand. */
export function locateDatabase(data: string): Promise<DatabaseLocation> {
  const known = located.get(data)
  if (known) return known
  const made = onPostgres ? createDatabase(data) : Promise.resolve(join(data, 'vitrine.db'))
  located.set(data, made)
  return made
}

/** Whether a data folder has a database already. */
export const hasDatabase = (data: string): boolean =>
  located.has(data) || existsSync(join(data, 'vitrine.db'))

/** Gives a data folder a copy of the database of another one, which no process has open. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const source = await locateDatabase(from)
  if (typeof source === 'string') copyFileSync(source, join(to, 'vitrine.db'))
  else {
    const copy = createDatabase(to, source)
    located.set(to, copy)
    await copy
  }
}

/** Settings with which a process finds that database. */
export async function databaseSettings(data: string): Promise<Record<string, string>> {
  const location = await locateDatabase(data)
  if (typeof location === 'string') return {}
  return {
    VITRINE_DATABASE_URL: location.url,
    VITRINE_DATABASE_CONNECTIONS: String(location.connections),
  }
}

/** Vitest's main process is the parent of all test processes. */
const PREFIX = `vitrine_test_${onPostgres ? process.ppid : process.pid}_`

/**
 * Makes a database on the server, one for each data folder.
 * @param template a database to copy, to which no connection may be open; by default the database is empty
 */
export async function createDatabase(
  data: string,
  template?: PostgresLocation,
): Promise<PostgresLocation> {
  const name = PREFIX + createHash('sha256').update(data).digest('hex').slice(0, 16)
  const source = template && new URL(template.url).pathname.slice(1)
  await runSql(
    // To copy files takes a third of the time of writing all pages to the log, but waits for two flushes.
    `CREATE DATABASE ${name} TEMPLATE ${source ?? "template0 ENCODING 'UTF8'"} ${isOwn ? 'STRATEGY file_copy' : ''}`,
    // No test cuts the power of this server. The tests of power cuts have a server of their own.
    `ALTER DATABASE ${name} SET synchronous_commit = off`,
  )
  const url = new URL(POSTGRES_SERVER)
  url.pathname = `/${name}`
  return { url: url.href, connections: CONNECTIONS }
}

/** Drops a database that no test needs any more, so that memory does not fill with them. */
export async function dropDatabase({ url }: PostgresLocation): Promise<void> {
  // Any other server would have to flush first. It drops all at the end, when several wait for one flush.
  if (isOwn) await runSql(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`)
}

/** For Vitest: drops the databases that its tests made. */
export async function teardown(): Promise<void> {
  const { rows } = await runSql(
    `SELECT datname FROM pg_database WHERE datname LIKE '${PREFIX.replaceAll('_', '\\_')}%'`,
  )
  // Each drop waits until the server has flushed everything. Several can wait for the same flush.
  const names = rows.values()
  const drop = async () => {
    for (const { datname } of names) await runSql(`DROP DATABASE ${datname} WITH (FORCE)`)
  }
  await Promise.all(Array.from({ length: 8 }, drop))
}

/** @returns the result of the last statement */
async function runSql(...statements: string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: POSTGRES_SERVER, connectionTimeoutMillis: 3000 })
  await client.connect()
  try {
    const results: pg.QueryResult[] = []
    for (const statement of statements) results.push(await client.query(statement))
    const last = results.at(-1)
    if (!last) throw new Error('There is no statement.')
    return last
  } finally {
    await client.end()
  }
}
