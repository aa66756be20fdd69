import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Tables } from '../../database/tables.ts'
import { insertItems } from '../../media/change/insert-many.ts'
import { finishArrival } from '../arrival.ts'
import { findFault } from '../check-rows.ts'
import { forgetFiles, readFiles } from '../files.ts'
import type { Item } from '../items.ts'
import { removeEntered, settleEntries } from '../journal-rows.ts'
import { type House, verifyObjects } from '../objects.ts'
import { startProgress } from '../progress.ts'
import { ACCOUNT_TABLES, insertRows, type Row } from '../tables.ts'
import { ArchiveFault, LIBRARY, ROWS } from './format.ts'
import { readRowLines } from './lines.ts'
import type { LibraryRow } from './snapshot.ts'
import type { Unpacked } from './unpack.ts'

type ObjectRow = Row & { key: string; size: number; sha256: string }

/**
 * Inserts the rows of a backup whose objects are in storage, each object read back before a row names
 * it, and makes a library of them.
 */
export async function insertRestored(
  house: House,
  unpacked: Unpacked,
  signal: AbortSignal,
): Promise<void> {
  const { database, storage } = house
  const rowsOf = <T = Row>(name: string) => readRowLines<T>(pathOf(unpacked, name))
  const library: LibraryRow = JSON.parse(await readFile(pathOf(unpacked, LIBRARY), 'utf8'))

  for (const table of ['files', 'variants'] as const) {
    await showing(table, async (advance) => {
      for await (const rows of rowsOf<ObjectRow>(nameOf(table))) {
        const [faulty] = await verifyObjects(storage, rows, signal)
        if (faulty) throw new Error(`${faulty.object.key} ${faulty.fault.fault} at the target.`)
        await database.write((trx) => insertRows(trx, table, rows))
        for (const _ of rows) advance()
      }
    })
  }
  // Older backups have none.
  if (unpacked.has(nameOf('earlier_addresses'))) {
    for await (const rows of rowsOf(nameOf('earlier_addresses'))) {
      await database.write((trx) => insertRows(trx, 'earlier_addresses', rows))
    }
  }
  await showing('items', async (advance) => {
    for await (const rows of rowsOf<Item>(nameOf('media'))) {
      signal.throwIfAborted()
      await database.write((trx) => insertItems(trx, rows))
      for (const _ of rows) advance()
    }
  })

  await settleEntries(database, storage)
  const { version, last_added_at, counters } = library
  await finishArrival(database, {
    // Another one than the library was: what was cached of that one since may be of the same version.
    library: { uuid: randomUUID(), version, last_added_at },
    counters,
    // Older backups lack some.
    rowsOf: ({ name }) => (unpacked.has(nameOf(name)) ? rowsOf(nameOf(name)) : none()),
  })
}

/**
 * Looks at all rows before the first is inserted: sums tell damage, not malice.
 * @throws ArchiveFault with the first that Vitrine could not have made
 */
export async function requireSound(unpacked: Unpacked): Promise<void> {
  const tables = [
    ...(['files', 'variants', 'earlier_addresses', 'media'] as const),
    ...ACCOUNT_TABLES.map(({ name }) => name),
  ]
  for (const table of tables) {
    // Older backups lack some.
    const path = unpacked.get(nameOf(table))
    for await (const rows of path === undefined ? none() : readJson(table, readRowLines(path))) {
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

/** @throws ArchiveFault where what is read is no JSON */
async function* readJson<T>(table: string, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ArchiveFault(`A row of ${table} is no JSON.`)
  }
}

/** Takes away what an earlier attempt brought, and nothing that was there before. */
export async function emptyLibrary({ database, storage }: House): Promise<void> {
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

async function showing(things: string, work: (advance: () => void) => Promise<void>) {
  const progress = startProgress(things)
  try {
    await work(progress.advance)
  } finally {
    progress.stop()
  }
}

async function* none(): AsyncGenerator<Row[]> {}
