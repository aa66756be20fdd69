import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { heard } from '../../base/heard.ts'
import type { NamedObject } from '../../storage/fetch-object.ts'
import { isKey } from '../../storage/storage.ts'
import { emptyLibrary, finishArrival } from '../arrival.ts'
import { findFaults } from '../check-rows.ts'
import { settleEntries } from '../journal-rows.ts'
import { libraryTarget, type OpenLibrary, storeObjects } from '../library-target.ts'
import { startProgress } from '../progress.ts'
import { BACKUP_TABLES, type MovedName } from '../tables.ts'
import { walk } from '../walk.ts'
import { ArchiveFault, type Header, LIBRARY, nameRows, OBJECTS } from './format.ts'
import { readArchive } from './read-archive.ts'
import { linesOf, type RowFiles, readLibraryRow, rowFilesSource } from './row-files.ts'

/** Limits of a batch of objects: the first one reached counts. One commit enters the keys of a batch. */
const OBJECTS_AT_ONCE = 64
const BYTES_AT_ONCE = 100_000_000

/** The entries that are not objects, each with the first version of the format that has it. */
const ENTRIES = [
  { name: LIBRARY, table: 'library', since: 1 } as const,
  ...BACKUP_TABLES.map(({ name, since = 1 }) => ({ name: nameRows(name), table: name, since })),
]

/**
 * Restores an archive into an empty library, whose journal names every object that was put. Checks all rows
 * before the first one is written, because the sums reveal damage but not malice. Completes the library.
 *
 * @throws ArchiveFault if the archive is not as it was written, or if Vitrine could not have written a row; the
 *   library is empty again then
 */
export async function restoreArchive(
  library: OpenLibrary,
  input: Readable,
  { folder, newFile, signal }: { folder: string; newFile: () => string; signal: AbortSignal },
): Promise<void> {
  const { database, storage } = library
  const refuse = (fault: string) => {
    throw new ArchiveFault(fault)
  }
  try {
    const unpacked = await unpack(library, input, { folder, signal })
    const rowsOf = ({ name }: { name: MovedName | 'library' }) => linesOf(unpacked, name)
    const tables = [...BACKUP_TABLES, { name: 'library' } as const]
    for await (const fault of findFaults(tables, rowsOf)) refuse(fault)
    // The objects are in storage already.
    const source = rowFilesSource(unpacked, { storage })
    const target = libraryTarget(library, { newFile, signal })
    await walk({ source, target, report: refuse, signal })
    await settleEntries(database, storage)
    const { version, last_added_at, preset_revision = 0, counters } = await readLibraryRow(unpacked)
    await finishArrival(database, {
      // A new `uuid`: caches may hold data of the original library that has the same version.
      library: { uuid: randomUUID(), version, last_added_at, preset_revision },
      counters,
      rowsOf,
    })
  } catch (error) {
    if (!(error instanceof ArchiveFault)) throw error
    await emptyLibrary(library)
    await database.write((trx) => trx.deleteFrom('unfinished').execute())
    throw new ArchiveFault(`${error.message} Nothing was restored.`)
  }
}

/**
 * Puts the objects of an archive into storage, and writes its rows into files. When this resolves, the whole
 * archive has been compared with its sums.
 *
 * @throws ArchiveFault if the archive is not as it was written
 */
async function unpack(
  library: OpenLibrary,
  input: Readable,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<RowFiles> {
  const unpacked = new Map<MovedName | 'library', string>()
  let waiting: (NamedObject & { path: string })[] = []
  let bytes = 0
  const store = async () => {
    await storeObjects(library, waiting, async ({ path }) => path)
    for (const { path } of waiting) await rm(path, { force: true })
    waiting = []
    bytes = 0
  }

  const progress = startProgress('objects')
  let count = 0
  let version = 0
  const onHeader = (header: Header) => {
    version = header.version
    progress.setTotal(header.objects)
  }
  try {
    for await (const entry of readArchive(input, onHeader)) {
      signal.throwIfAborted()
      const { table } = ENTRIES.find(({ name }) => name === entry.name) ?? {}
      const path = join(folder, String(count++))
      await pipeline(entry.content, heard(createWriteStream(path, { mode: 0o600 })))
      const key = entry.name.slice(OBJECTS.length)
      if (entry.name.startsWith(OBJECTS) && isKey(key)) {
        waiting.push({ key, size: entry.size, sha256: entry.sha256(), path })
        bytes += entry.size
        progress.advance()
        if (waiting.length === OBJECTS_AT_ONCE || bytes >= BYTES_AT_ONCE) await store()
      } else if (table && !unpacked.has(table)) {
        unpacked.set(table, path)
      } else {
        throw new ArchiveFault(`The backup has an unexpected entry ${JSON.stringify(entry.name)}.`)
      }
    }
    await store()
  } finally {
    progress.stop()
  }
  for (const { name, table, since } of ENTRIES) {
    if (since <= version && !unpacked.has(table)) {
      throw new ArchiveFault(`The backup has no ${name}.`)
    }
  }
  return unpacked
}
