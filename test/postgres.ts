/** The PostgreSQL server of the tests. Every test that needs one has a database of its own on it. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseLocation, PostgresLocation } from '../src/database/database.ts'

export const POSTGRES_SERVER =
  process.env.VITRINE_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const CONNECTIONS = 8

/** Whether the server is available. */
export async function findPostgres(): Promise<boolean> {
  return runSql('SELECT 1').then(
    () => true,
    () => false,
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
  await runSql(`CREATE DATABASE ${name} TEMPLATE ${source ?? "template0 ENCODING 'UTF8'"}`)
  // No test cuts the power of this server. The tests of power cuts have a server of their own.
  await runSql(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  const url = new URL(POSTGRES_SERVER)
  url.pathname = `/${name}`
  return { url: url.href, connections: CONNECTIONS }
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

async function runSql(statement: string) {
  const client = new pg.Client({ connectionString: POSTGRES_SERVER, connectionTimeoutMillis: 3000 })
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}
