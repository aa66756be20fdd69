import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Database } from '../../database/database.ts'
import type { Tables } from '../../database/tables.ts'
import { countRows } from '../contents.ts'
import { readFiles } from '../files.ts'
import { readItems } from '../items.ts'
import { ACCOUNT_TABLES, type Counters, readCounters, readRows } from '../tables.ts'
import { LIBRARY, ROWS } from './format.ts'
import { toLines, writeLines } from './lines.ts'

const BATCH = 500

/** Files with the rows of one instant. */
export interface Snapshot {
  files: number
  objects: number
  users: number
  /** One `StoredFile` per line, with only the variants that a backup contains. */
  filesPath: string
  /** One item per line. */
  itemsPath: string
  /** The other entries of the backup. */
  others: { name: string; path: string }[]
}

/** The row of the library as a backup contains it. */
export type LibraryRow = Pick<Tables['library'], 'version' | 'last_added_at'> & {
  counters: Partial<Counters>
}

/**
 * Writes the rows of one instant into files. Leaves out the tables of sign-ins and tokens, and the variants
 * that are rendered on demand; see docs/operations.md.
 */
export async function takeSnapshot(database: Database, folder: string): Promise<Snapshot> {
  const pathOf = (name: string) => join(folder, name)
  return database.snapshot(async (trx) => {
    const others: Snapshot['others'] = []
    for (const table of ACCOUNT_TABLES.filter(({ isOfSessions }) => !isOfSessions)) {
      const lines = writeLines(pathOf(`${table.name}.ndjson`))
      for await (const rows of readRows(trx, table)) await lines.write(toLines(rows))
      await lines.close()
      others.push({ name: `${ROWS}${table.name}.ndjson`, path: lines.path })
    }

    const { version, last_added_at } = await trx
      .selectFrom('library')
      .selectAll()
      .executeTakeFirstOrThrow()
    const library: LibraryRow = { version, last_added_at, counters: await readCounters(trx) }
    await writeFile(pathOf('library.json'), JSON.stringify(library), { mode: 0o600 })
    others.push({ name: LIBRARY, path: pathOf('library.json') })

    let [files, objects] = [0, 0]
    const filesLines = writeLines(pathOf('files.snapshot'))
    for await (const batch of eachBatch(
      (after) => readFiles(trx, { after, limit: BATCH }),
      fileId,
    )) {
      const kept = batch.map(({ file, variants, earlier }) => ({
        file,
        earlier,
        variants: variants.filter(({ name }) => name === 'scaled'),
      }))
      files += kept.length
      objects += kept.reduce((sum, { variants }) => sum + 1 + variants.length, 0)
      await filesLines.write(toLines(kept))
    }
    await filesLines.close()

    const itemsLines = writeLines(pathOf('media.snapshot'))
    for await (const batch of eachBatch(
      (after) => readItems(trx, { after, limit: BATCH }),
      itemId,
    )) {
      await itemsLines.write(toLines(batch))
    }
    await itemsLines.close()
    const users = await countRows(trx, 'users')
    return {
      files,
      objects,
      users,
      filesPath: filesLines.path,
      itemsPath: itemsLines.path,
      others,
    }
  })
}

const fileId = ({ file }: { file: { id: number } }) => file.id
const itemId = ({ id }: { id: number }) => id

/** Batches in ascending order of id. Each begins after the last id of the batch before. */
async function* eachBatch<T>(find: (after: number) => Promise<T[]>, idOf: (row: T) => number) {
  for (let after = 0; ; ) {
    const rows = await find(after)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    after = idOf(last)
  }
}
