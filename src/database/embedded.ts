import { access, constants, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Kysely, sql } from 'kysely'
import { findDiskFault } from '../base/disk-fault.ts'
import { serviceBusy } from '../base/errors.ts'
import type { Database } from './database.ts'
import { migrate, requireCurrent, requireMigrated } from './migrate.ts'
import { createRunPrepared } from './prepared.ts'
import { createRunCompiled, createWrite, isBusy, openSqlite, sqliteDialect } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** How long `Database.record` waits for the lock. */
const RECORD_PATIENCE_MS = 1000

/**
 * Opens the embedded database, creates it if there is none, and migrates it. On a disk that is mounted
 * read-only, opens it for reading only.
 *
 * @param path of the database file
 * @param clock returns milliseconds since 1970
 * @param asItIs does not create or migrate the tables; throws if they are not those of this version
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
    // Kysely itself closes a connection only if it was used.
    return { connection, queries, close: () => connection.close() }
  }

  /** Opening worked at the start. If it fails now, the system is short of open files or memory. */
  const connectOnceMore = () => {
    try {
      return connect('read')
    } catch (error) {
      const detail =
        'No other connection to the database can be opened at the moment; try again soon.'
      throw serviceBusy(detail, 2, error)
    }
  }

  const writing = isReadOnly ? 'read' : 'write'
  const writer = connect(writing)
  if (isReadOnly) await requireMigrated(writer.queries)
  else await (asItIs ? requireCurrent : migrate)(writer.queries)
  const reader = connect('read')
  // On the reading connection, so that this number and the rows that it reads are of the same state.
  const version = reader.connection.prepare('PRAGMA data_version')
  let token: number | undefined
  const forget = () => {
    token = undefined
  }
  const write = createWrite(writer.connection, writing, forget)

  return {
    isReadOnly,
    read: reader.queries,
    write,
    writeConcurrently: write,
    record: (work) => write(work, RECORD_PATIENCE_MS),
    async snapshot(work) {
      const { queries, close } = connectOnceMore()
      try {
        return await queries.transaction().execute(work)
      } finally {
        close()
      }
    },
    changeToken() {
      if (token !== undefined) return token
      try {
        token = Number(version.get()?.data_version)
        setImmediate(forget)
        return token
      } catch (error) {
        // Another process is changing the write-ahead log itself.
        if (isBusy(error)) return undefined
        throw error
      }
    },
    run: createRunPrepared(reader.queries, createRunCompiled(reader.connection)),
    now: async () => clock(),
    async check() {
      await sql`SELECT 1 FROM library`.execute(reader.queries)
      if (isReadOnly) throw new Error('The database is open for reading only.')
    },
    async close() {
      reader.close()
      // The last connection to close moves the write-ahead log into the database and removes it.
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
 * SQLite reads an existing write-ahead log. If there is none, it would create one, unless `immutable` says
 * that nothing changes the file: https://sqlite.org/wal.html#read_only_databases
 */
async function locateUnwritable(path: string): Promise<string | URL> {
  const hasLog = await access(`${path}-wal`).then(
    () => true,
    () => false,
  )
  return hasLog ? path : new URL('?immutable=1', pathToFileURL(path))
}
