import { access, constants, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Kysely, sql } from 'kysely'
import { findDiskFault } from '../base/disk-fault.ts'
import { serviceBusy } from '../base/errors.ts'
import type { Database } from './database.ts'
import { migrate, requireCurrent, requireMigrated } from './migrate.ts'
import { createAsk, createWrite, isBusy, openSqlite, sqliteDialect } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** How long what only records waits for the lock. */
const RECORD_PATIENCE_MS = 1000

/**
 * Opens the embedded database, creates it where there is none, and migrates it. On a disk that is
 * mounted read-only it is opened for reading alone.
 *
 * @param path of the database file
 * @param clock milliseconds since 1970
 * @param asItIs does not migrate it
 */
export async function openEmbedded(
  path: string,
  clock: () => number,
  asItIs = false,
): Promise<Database> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const isReadOnly = await isOnReadOnlyDisk(dirname(path))
  const file = isReadOnly ? await locateUnwritable(path) : path
  const connect = (mode: 'read' | 'write') => {
    const connection = openSqlite(file, mode)
    const queries = new Kysely<Tables>({ dialect: sqliteDialect(connection, mode) })
    // Kysely itself closes only what was used.
    return { connection, queries, close: () => connection.close() }
  }

  /** What could be opened at the start lacks only what the system has too little of: open files, memory. */
  const connectOnceMore = () => {
    try {
      return connect('read')
    } catch (error) {
      const detail = 'The database cannot be opened once more at the moment; try again soon.'
      throw serviceBusy(detail, 2, error)
    }
  }

  const writing = isReadOnly ? 'read' : 'write'
  const writer = connect(writing)
  if (isReadOnly) await requireMigrated(writer.queries)
  else await (asItIs ? requireCurrent : migrate)(writer.queries)
  const reader = connect('read')
  // On the connection that reads, so that what was read and what this tells are of one state.
  const version = reader.connection.prepare('PRAGMA data_version')
  let changes: number | undefined
  const forget = () => {
    changes = undefined
  }
  const write = createWrite(writer.connection, writing, forget)

  return {
    isReadOnly,
    read: reader.queries,
    write,
    writeBeside: write,
    record: (work) => write(work, RECORD_PATIENCE_MS),
    async snapshot(work) {
      const { queries, close } = connectOnceMore()
      try {
        return await queries.transaction().execute(work)
      } finally {
        close()
      }
    },
    changes() {
      if (changes !== undefined) return changes
      try {
        changes = Number(version.get()?.data_version)
        setImmediate(forget)
        return changes
      } catch (error) {
        // Another process is at work on the write-ahead log itself.
        if (isBusy(error)) return undefined
        throw error
      }
    },
    ask: createAsk(reader.connection),
    now: async () => clock(),
    async check() {
      await sql`SELECT 1 FROM library`.execute(reader.queries)
      if (isReadOnly) throw new Error('The database is open for reading only.')
    },
    async close() {
      reader.close()
      // The last one to close takes the write-ahead log in and removes it.
      writer.close()
    },
  }
}

const isOnReadOnlyDisk = (folder: string) =>
  access(folder, constants.W_OK).then(
    () => false,
    (error) => findDiskFault(error) === 'read-only',
  )

/**
 * SQLite reads a write-ahead log that is there, but where there is none it would make one, unless it is
 * told that nobody changes the file: https://sqlite.org/wal.html#read_only_databases
 */
async function locateUnwritable(path: string): Promise<string | URL> {
  const hasLog = await access(`${path}-wal`).then(
    () => true,
    () => false,
  )
  return hasLog ? path : new URL('?immutable=1', pathToFileURL(path))
}
