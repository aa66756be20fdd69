import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import { countContents } from '../contents.ts'
import { type File, type Item, joinParts, type StoredFile } from '../files.ts'
import {
  BACKUP_TABLES,
  type Counters,
  type MovedName,
  PART_TABLES,
  type PartName,
  type Row,
  readCounters,
  readRows,
} from '../tables.ts'
import type { Source } from '../walk.ts'
import { ArchiveFault } from './format.ts'
import { readRowLines, toLines, writeLines } from './lines.ts'

/** Most rows of one table that move with one file. It stands against a backup that would fill the memory. */
const MOST_PARTS = 100

/** The row of the library as a backup contains it. */
export type LibraryRow = Pick<Tables['library'], 'version' | 'last_added_at'> & {
  counters: Counters
  /** Backups of older versions lack it. */
  preset_revision?: number
}

/**
 * Files with the rows of a library at one instant, by table: one row as JSON per line, sorted by its key. An older
 * backup lacks some tables.
 */
export type RowFiles = ReadonlyMap<MovedName | 'library', string>

/**
 * Writes the rows of one instant into files, so that a slow target does not keep the snapshot of the database open.
 * Leaves out the tables of sign-ins and tokens; see docs/operations.md.
 */
export const takeSnapshot = (database: Database, folder: string) =>
  database.snapshot(async (trx) => {
    const rowFiles = new Map<MovedName | 'library', string>()
    let scaled = 0
    for (const table of BACKUP_TABLES) {
      const lines = writeLines(join(folder, `${table.name}.snapshot`))
      for await (const rows of readRows(trx, table)) {
        await lines.write(toLines(rows))
        if (table.name === 'variants') scaled += rows.filter(isScaled).length
      }
      await lines.close()
      rowFiles.set(table.name, lines.path)
    }
    const { version, last_added_at, preset_revision } = await trx
      .selectFrom('library')
      .selectAll()
      .executeTakeFirstOrThrow()
    const counters = await readCounters(trx)
    const library: LibraryRow = { version, last_added_at, preset_revision, counters }
    const path = join(folder, 'library.json')
    await writeFile(path, toLines([library]), { mode: 0o600 })
    const { files, items, users } = await countContents(trx)
    return { rowFiles: rowFiles.set('library', path), files, items, users, scaled }
  })

/** Of the variants, a backup contains these. The others are rendered on demand. */
export const isScaled = ({ name }: { name?: unknown }): boolean => name === 'scaled'

export async function readLibraryRow(rowFiles: RowFiles): Promise<LibraryRow> {
  for await (const [row] of linesOf<LibraryRow>(rowFiles, 'library')) if (row) return row
  throw new ArchiveFault('The backup has no row of library.')
}

/** A source with the rows of files, and the objects of a storage. */
export const rowFilesSource = (
  rowFiles: RowFiles,
  from: Pick<Source, 'storage' | 'live' | 'totals'>,
): Source => ({
  ...from,
  readFiles: (limit) => readStoredFiles(rowFiles, limit),
  readItems: () => readInOrder<Item>(rowFiles, 'media'),
})

async function* readStoredFiles(rowFiles: RowFiles, limit: number): AsyncGenerator<StoredFile[]> {
  const parts = PART_TABLES.map(({ name }) => ({
    name,
    reader: { batches: linesOf(rowFiles, name), waiting: [] as Row[] },
  }))
  try {
    for await (const files of readInOrder<File>(rowFiles, 'files', limit)) {
      const ids = new Set<unknown>(files.map(({ id }) => id))
      const taken = new Map<PartName, Row[]>()
      for (const { name, reader } of parts) taken.set(name, await takeRows(reader, ids))
      yield joinParts(files, taken)
    }
    for (const { name, reader } of parts) {
      await takeRows(reader, new Set())
      const [row] = reader.waiting
      if (row) throw misplaced(name, row.file_id)
    }
  } finally {
    for (const { reader } of parts) await reader.batches.return(undefined)
  }
}

/** Takes the rows of the next files. The rows have the order of the files. */
async function takeRows(
  reader: { batches: AsyncIterator<Row[]>; waiting: Row[] },
  ids: ReadonlySet<unknown>,
): Promise<Row[]> {
  const taken: Row[] = []
  for (;;) {
    if (reader.waiting.length === 0) reader.waiting = (await reader.batches.next()).value ?? []
    const [row] = reader.waiting
    if (!row || !ids.has(row.file_id)) return taken
    if (taken.length === ids.size * MOST_PARTS)
      throw new ArchiveFault(`File ${row.file_id} has too many rows.`)
    taken.push(row)
    reader.waiting.shift()
  }
}

/** Reads files or items. @throws ArchiveFault if their ids do not ascend */
async function* readInOrder<T extends { id: number }>(
  rowFiles: RowFiles,
  table: 'files' | 'media',
  limit?: number,
): AsyncGenerator<T[]> {
  let before = 0
  for await (const rows of linesOf<T>(rowFiles, table, limit)) {
    for (const { id } of rows) {
      if (id <= before) throw misplaced(table, id)
      before = id
    }
    yield rows
  }
}

const misplaced = (table: string, id: unknown) =>
  new ArchiveFault(`The row ${id} of ${table} is not in its place.`)

/** Reads the rows of a table; none if the backup is too old for it. @throws ArchiveFault if one is not JSON */
export async function* linesOf<T = Row>(
  rowFiles: RowFiles,
  table: MovedName | 'library',
  limit?: number,
): AsyncGenerator<T[]> {
  const path = rowFiles.get(table)
  if (path === undefined) return
  try {
    yield* readRowLines<T>(path, limit)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ArchiveFault(`A row of ${table} is not JSON.`)
  }
}
