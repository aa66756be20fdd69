/** The PostgreSQL server of the tests, on which every test that wants one has a database of its own. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import type { DatabaseLocation, PostgresLocation } from '../src/database/database.ts'

export const POSTGRES_SERVER =
  process.env.VITRINE_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const CONNECTIONS = 8

/** Whether there is such a server. */
export async function findPostgres(): Promise<boolean> {
  return runSql('SELECT 1').then(
    () => true,
    () => false,
  )
}

/** Whether the tests that run now are to use it. */
export const onPostgres = process.env.VITRINE_TEST_ENGINE === 'postgres'

const located = new Map<string, Promise<DatabaseLocation>>()

/** The database of a data folder: in it, or one on the server that is made now. */
export function locateDatabase(data: string): Promise<DatabaseLocation> {
  const known = located.get(data)
  if (known) return known
  const made = onPostgres ? createDatabase(data) : Promise.resolve(join(data, 'vitrine.db'))
  located.set(data, made)
  return made
}

/** What a process is told so that it finds that database. */
export async function databaseSettings(data: string): Promise<Record<string, string>> {
  const location = await locateDatabase(data)
  if (typeof location === 'string') return {}
  return {
    VITRINE_DATABASE_URL: location.url,
    VITRINE_DATABASE_CONNECTIONS: String(location.connections),
  }
}

/** Vitest's own process is the parent of all that run tests. */
const PREFIX = `vitrine_test_${onPostgres ? process.ppid : process.pid}_`

/**
 * Makes a database on the server, one for each data folder.
 * @param template another one that it is a copy of, at which nobody may be; an empty one otherwise
 */
export async function createDatabase(
  data: string,
  template?: PostgresLocation,
): Promise<PostgresLocation> {
  const name = PREFIX + createHash('sha256').update(data).digest('hex').slice(0, 16)
  const source = template && new URL(template.url).pathname.slice(1)
  await runSql(`CREATE DATABASE ${name} TEMPLATE ${source ?? "template0 ENCODING 'UTF8'"}`)
  // Nobody cuts the power of this server: what is about that has one of its own.
  await runSql(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  const url = new URL(POSTGRES_SERVER)
  url.pathname = `/${name}`
  return { url: url.href, connections: CONNECTIONS }
}

/** For Vitest: drops what its tests made. */
export async function teardown(): Promise<void> {
  const { rows } = await runSql(
    `SELECT datname FROM pg_database WHERE datname LIKE '${PREFIX.replaceAll('_', '\\_')}%'`,
  )
  // Each waits until the server has flushed everything: several can wait for the same.
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
