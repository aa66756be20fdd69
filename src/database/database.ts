import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Kysely, sql, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { AppError } from '../errors.ts'
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
  const connect = (mode: 'read' | 'write') => {
    const connection = openSqlite(path, mode)
    const queries = new Kysely<Tables>({ dialect: sqliteDialect(connection, mode) })
    // Kysely itself closes only what was used.
    return { queries, close: () => connection.close() }
  }

  const writer = connect('write')
  await migrate(writer.queries)
  const reader = connect('read')

  return {
    read: reader.queries,
    write: (work) => writer.queries.transaction().execute(work),
    async snapshot(work) {
      const { queries, close } = connect('read')
      try {
        return await queries.transaction().execute(work)
      } finally {
        close()
      }
    },
    now: async () => clock(),
    async check() {
      await sql`SELECT 1 FROM library`.execute(reader.queries)
    },
    async close() {
      reader.close()
      // The last one to close takes the write-ahead log in and removes it.
      writer.close()
    },
  }
}

async function migrate(db: Queries): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  // Kysely's words for migrations in the database that this version does not have.
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new AppError('database-newer', 500, 'Database of another version', {
      detail: 'The database was last opened by a newer version of Vitrine; start that one.',
      cause: error,
    })
  }
  if (error) throw new Error('The database could not be migrated.', { cause: error })
}
