import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { POSTGRES_SERVER } from '../test/postgres.ts'
import type { Engine } from './comparison.ts'
import { type KeptLibrary, keepLibrary, locatePostgres } from './library.ts'

/** Passes a copy of the large library to `work`, which may change it. */
export async function* withCopy<T>(
  engine: Engine,
  items: number,
  work: (library: KeptLibrary) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const library = await keepLibrary(engine, items)
  // In the same folder: on the same disk, and never in a file system in memory.
  const data = mkdtempSync(`${library.data}-copy-`)
  const remove = () => rmSync(data, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    if (engine === 'SQLite') {
      const location = join(data, 'vitrine.db')
      cpSync(join(library.data, 'vitrine.db'), location)
      yield* work({ ...library, data, location })
    } else yield* withDatabase({ ...library, data }, work)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/** Copies the database on the PostgreSQL server. A copy that is left behind is dropped in the next run. */
async function* withDatabase<T>(
  library: KeptLibrary,
  work: (library: KeptLibrary) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const name = new URL(library.settings.VITRINE_DATABASE_URL ?? '').pathname.slice(1)
  const copy = `${name}_copy`
  const location = locatePostgres(copy)
  const server = new pg.Client({ connectionString: POSTGRES_SERVER })
  await server.connect()
  try {
    await server.query(`CREATE DATABASE ${copy} TEMPLATE ${name} STRATEGY FILE_COPY`)
    yield* work({ ...library, settings: { VITRINE_DATABASE_URL: location.url }, location })
  } finally {
    await server.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`)
    await server.end()
  }
}
