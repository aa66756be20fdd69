import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Tables } from '../../database/tables.ts'
import { insertItems } from '../../media/change/insert-many.ts'
import { finishArrival } from '../arrival.ts'
import { findFault } from '../check-rows.ts'
import { forgetFiles, readFiles } from '../files.ts'
import type { Item } from '../items.ts'
import { removeEntered, settleEntries } from '../journal-rows.ts'
import { type OpenLibrary, verifyObjects } from '../objects.ts'
import { startProgress } from '../progress.ts'
import { ACCOUNT_TABLES, insertRows, type Row } from '../tables.ts'
import { ArchiveFault, LIBRARY, ROWS } from './format.ts'
import { readRowLines } from './lines.ts'
import type { LibraryRow } from './snapshot.ts'
import type { Unpacked } from './unpack.ts'

type ObjectRow = Row & { key: string; size: number; sha256: string }

/**
 * Inserts the rows of a backup whose objects are in storage, and completes the library. Reads each object back
 * before a row names it.
 */
export async function insertRestored(
  library: OpenLibrary,
  unpacked: Unpacked,
  signal: AbortSignal,
): Promise<void> {
  const { database, storage } = library
  const rowsOf = <T = Row>(name: string) => readRowLines<T>(pathOf(unpacked, name))
  const row: LibraryRow = JSON.parse(await readFile(pathOf(unpacked, LIBRARY), 'utf8'))

  for (const table of ['files', 'variants'] as const) {
    await withProgress(table, async (advance) => {
      for await (const rows of rowsOf<ObjectRow>(nameOf(table))) {
        const [faulty] = await verifyObjects(storage, rows, signal)
        if (faulty) throw new Error(`${faulty.object.key} ${faulty.fault.fault} at the target.`)
        await database.write((trx) => insertRows(trx, table, rows))
        for (const _ of rows) advance()
      }
    })
  }
  // Backups before version 3 do not have this table.
  if (unpacked.has(nameOf('earlier_addresses'))) {
    for await (const rows of rowsOf(nameOf('earlier_addresses'))) {
      await database.write((trx) => insertRows(trx, 'earlier_addresses', rows))
    }
  }
  await withProgress('items', async (advance) => {
    for await (const rows of rowsOf<Item>(nameOf('media'))) {
      signal.throwIfAborted()
      await database.write((trx) => insertItems(trx, rows))
      for (const _ of rows) advance()
    }
  })

  await settleEntries(database, storage)
  const { version, last_added_at, counters } = row
  await finishArrival(database, {
    // A new `uuid`: caches may hold data of the original library that has the same version.
    library: { uuid: randomUUID(), version, last_added_at },
    counters,
    // Older backups lack some tables.
    rowsOf: ({ name }) => (unpacked.has(nameOf(name)) ? rowsOf(nameOf(name)) : noRows()),
  })
}

/**
 * Checks all rows before the first one is inserted, because the sums reveal damage but not malice.
 * @throws ArchiveFault for the first row that Vitrine could not have written
 */
export async function requireSound(unpacked: Unpacked): Promise<void> {
  const tables = [
    ...(['files', 'variants', 'earlier_addresses', 'media'] as const),
    ...ACCOUNT_TABLES.map(({ name }) => name),
  ]
  for (const table of tables) {
    // Older backups lack some tables.
    const path = unpacked.get(nameOf(table))
    for await (const rows of path === undefined ? noRows() : readJson(table, readRowLines(path))) {
      for (const row of rows) refuse(findFault(table, row))
    }
  }
  const library = async function* () {
    yield JSON.parse(await readFile(pathOf(unpacked, LIBRARY), 'utf8'))
  }
  for await (const row of readJson('library', library())) refuse(findFault('library', row))
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new ArchiveFault(fault)
}

/** @throws ArchiveFault if a row is not JSON */
async function* readJson<T>(table: string, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ArchiveFault(`A row of ${table} is not JSON.`)
  }
}

/** Removes the rows and objects of an earlier attempt, and nothing that was there before. */
export async function emptyLibrary({ database, storage }: OpenLibrary): Promise<void> {
  for (;;) {
    const files = await readFiles(database.read, { after: 0, limit: 500 })
    if (files.length === 0) break
    const ids = files.map(({ file }) => file.id)
    await database.write((trx) => forgetFiles(trx, ids))
  }
  await removeEntered(database, storage)
}

const nameOf = (table: keyof Tables) => `${ROWS}${table}.ndjson`

function pathOf(unpacked: Unpacked, name: string): string {
  const path = unpacked.get(name)
  if (path === undefined) throw new Error(`There is no ${name}.`)
  return path
}

async function withProgress(things: string, work: (advance: () => void) => Promise<void>) {
  const progress = startProgress(things)
  try {
    await work(progress.advance)
  } finally {
    progress.stop()
  }
}

async function* noRows(): AsyncGenerator<Row[]> {}
