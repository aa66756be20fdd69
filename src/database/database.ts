import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Kysely, sql, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations.ts'
import { openSqlite, sqliteDialect } from './sqlite.ts'
import type { Milliseconds, Queries, Tables } from './tables.ts'

export interface Database {
  /** For reading. A transaction on it sees one state of the database throughout. */
  readonly read: Queries
  /**
   * Runs one write transaction; it is durable when this resolves, and rolled back when `work`
   * throws. One at a time, so `work` awaits nothing but its own queries.
   */
  write<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /**
   * Reads one state of the database for as long as it takes, on a connection of its own, without
   * holding up anybody. The work must not wait for a client: an open reader keeps the write-ahead
   * log from being reset.
   */
  snapshot<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>
  /** The database's clock: what all who share it agree on. */
  now(): Promise<Milliseconds>
  /** Answers if the database does. */
  check(): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the embedded database, creates it where there is none, and migrates it.
 *
 * @param path of the database file
 * @param clock for tests of what happens after days
 */
export async function openDatabase(path: string, clock = Date.now): Promise<Database> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const connect = (mode: 'read' | 'write') =>
    new Kysely<Tables>({ dialect: sqliteDialect(openSqlite(path, mode), mode) })

  const writer = connect('write')
  await migrate(writer)
  const read = connect('read')

  return {
    read,
    write: (work) => writer.transaction().execute(work),
    async snapshot(work) {
      const reader = connect('read')
      try {
        return await reader.transaction().execute(work)
      } finally {
        await reader.destroy()
      }
    },
    now: async () => clock(),
    async check() {
      await sql`SELECT 1 FROM library`.execute(read)
    },
    async close() {
      await read.destroy()
      await writer.destroy()
    },
  }
}

async function migrate(db: Queries): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw new Error('The database could not be migrated.', { cause: error })
}
