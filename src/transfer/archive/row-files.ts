import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import { countRows } from '../contents.ts'
import { type File, type Item, joinParts, type StoredFile } from '../files.ts'
import {
  BACKUP_TABLES,
  type Counters,
  type MovedName,
  PART_TABLES,
  type PartName,
  type Row,
  type RowsOf,
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
}

/** The rows of a library at one instant, in files. */
export interface RowFiles {
  library: LibraryRow
  /** A file of JSON lines for each table, sorted by its key. An older backup lacks some tables. */
  paths: ReadonlyMap<MovedName, string>
}

/** How much a snapshot contains. */
export interface Counted {
  files: number
  media: number
  users: number
  /** Variants that a backup contains. */
  scaled: number
}

/**
 * Writes the rows of one instant into files, so that a slow target does not keep the database's snapshot open.
 * Leaves out the tables of sign-ins and tokens; see docs/operations.md.
 */
export async function takeSnapshot(
  { snapshot }: Database,
  folder: string,
): Promise<RowFiles & { counted: Counted }> {
  return snapshot(async (trx) => {
    const paths = new Map<MovedName, string>()
    for (const table of BACKUP_TABLES) {
      const lines = writeLines(join(folder, `${table.name}.snapshot`))
      for await (const rows of readRows(trx, table)) await lines.write(toLines(rows))
      await lines.close()
      paths.set(table.name, lines.path)
    }
    const { version, last_added_at } = await trx
      .selectFrom('library')
      .selectAll()
      .executeTakeFirstOrThrow()
    const { scaled } = await trx
      .selectFrom('variants')
      .select((row) => row.fn.countAll<number>().as('scaled'))
      .where('name', '=', 'scaled')
      .executeTakeFirstOrThrow()
    const counted = {
      files: await countRows(trx, 'files'),
      media: await countRows(trx, 'media'),
      users: await countRows(trx, 'users'),
      scaled,
    }
    return {
      library: { version, last_added_at, counters: await readCounters(trx) },
      paths,
      counted,
    }
  })
}

/** Reads the rows of a table. @throws ArchiveFault if one is not JSON */
export const rowsIn =
  ({ paths }: RowFiles): RowsOf =>
  ({ name }) =>
    linesOf(paths, name)

/** A source with the rows of files, and the objects of a storage. */
export const rowFilesSource = (
  { paths }: RowFiles,
  from: Pick<Source, 'storage' | 'live' | 'totals'>,
): Source => ({
  ...from,
  readFiles: (limit) => readStoredFiles(paths, limit),
  readItems: () => readInOrder<Item>(paths, 'media'),
})

async function* readStoredFiles(
  paths: RowFiles['paths'],
  limit: number,
): AsyncGenerator<StoredFile[]> {
  const parts = PART_TABLES.map(({ name }) => ({ name, ...readParts(paths, name) }))
  try {
    for await (const files of readInOrder<File>(paths, 'files', limit)) {
      const taken = new Map<PartName, Row[]>()
      for (const { name, take } of parts) taken.set(name, await take(files))
      yield joinParts(files, taken)
    }
    for (const { requireEnd } of parts) await requireEnd()
  } finally {
    for (const { close } of parts) await close()
  }
}

/** Reads files or items. @throws ArchiveFault if their ids do not ascend */
async function* readInOrder<T extends { id: number }>(
  paths: RowFiles['paths'],
  table: 'files' | 'media',
  limit?: number,
): AsyncGenerator<T[]> {
  let before = 0
  for await (const rows of linesOf<T>(paths, table, limit)) {
    for (const { id } of rows) {
      if (id <= before) throw misplaced(table, id)
      before = id
    }
    yield rows
  }
}

/** Reads the rows of a table that move with files. They are in the order of these files. */
function readParts(paths: RowFiles['paths'], table: PartName) {
  const batches = linesOf(paths, table)
  let waiting: Row[] = []
  async function isEnd() {
    if (waiting.length === 0) waiting = (await batches.next()).value ?? []
    return waiting.length === 0
  }
  return {
    async take(files: readonly File[]): Promise<Row[]> {
      const ids = new Set<unknown>(files.map(({ id }) => id))
      const taken: Row[] = []
      while (!(await isEnd())) {
        const other = waiting.findIndex(({ file_id }) => !ids.has(file_id))
        taken.push(...waiting.splice(0, other < 0 ? waiting.length : other))
        if (taken.length > files.length * MOST_PARTS) {
          throw new ArchiveFault(`A file has more than ${MOST_PARTS} rows of ${table}.`)
        }
        if (other >= 0) break
      }
      return taken
    },
    async requireEnd() {
      if (!(await isEnd())) throw misplaced(table, waiting[0]?.file_id)
    },
    close: () => batches.return(undefined),
  }
}

const misplaced = (table: string, id: unknown) =>
  new ArchiveFault(`The row ${id} of ${table} is not in its place.`)

async function* linesOf<T = Row>(
  paths: RowFiles['paths'],
  table: MovedName,
  limit?: number,
): AsyncGenerator<T[]> {
  const path = paths.get(table)
  if (path === undefined) return
  try {
    yield* readRowLines<T>(path, limit)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ArchiveFault(`A row of ${table} is not JSON.`)
  }
}
