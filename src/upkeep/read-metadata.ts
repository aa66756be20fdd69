import { join } from 'node:path'
import type { Queries } from '../database/tables.ts'
import { PRIORITY } from '../images/images.ts'
import { fillItems } from '../media/change/fill-items.ts'
import { readMetadata, writeMetadata } from '../media/change/note-metadata.ts'
import { countVersion, type Library } from '../media/library.ts'
import { parseSaid } from '../media/said.ts'
import { lendObject } from '../storage/fetch-object.ts'
import { ObjectMissing } from '../storage/storage.ts'

/** Files whose metadata are read at the same time. Image processes set the real limit. */
const AT_ONCE = 4

export interface MetadataRead {
  /** Files whose metadata were read. */
  files: number
  /** Items of these of which something was filled. */
  items: number
  /** Files whose metadata cannot be read. */
  unreadable: number
}

/**
 * Reads what originals say that were added by an earlier version, and fills what is empty in their items. What people
 * wrote stays. An original that is missing is left out; `doctor` reports it.
 */
export async function readMetadataOfAll(
  library: Library,
  { signal, advance }: { signal: AbortSignal; advance: () => void },
): Promise<MetadataRead> {
  const outcome: MetadataRead = { files: 0, items: 0, unreadable: 0 }
  for (let last = 0; ; ) {
    const files = await findUnread(library.database.read, last)
    await Promise.all(
      files.map(async (file) => {
        signal.throwIfAborted()
        const items = await readOne(library, file, signal)
        if (items === undefined) outcome.unreadable += 1
        else outcome.files += 1
        outcome.items += items ?? 0
        advance()
      }),
    )
    if (files.length < AT_ONCE) return outcome
    last = files.at(-1)?.id ?? last
  }
}

/** How many files were not read yet, or cannot be read. */
export async function countUnread(db: Queries): Promise<number> {
  const { count } = await db
    .selectFrom('files')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('reveals', 'is', null)
    .executeTakeFirstOrThrow()
  return count
}

const findUnread = (db: Queries, after: number) =>
  db
    .selectFrom('files')
    .select(['id', 'key'])
    .where('reveals', 'is', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(AT_ONCE)
    .execute()

/** @returns the number of items that were filled; undefined if the file cannot be read */
async function readOne(
  library: Library,
  file: { id: number; key: string },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { database, storage, temporary } = library
  return temporary.withFolder(async (folder) => {
    const path = join(folder, 'original')
    try {
      await lendObject(storage, file.key, path, signal)
    } catch (error) {
      if (error instanceof ObjectMissing) return undefined
      throw error
    }
    const columns = await readMetadata(library, path, { priority: PRIORITY.rebuild }, signal)
    if (columns.reveals === null) return undefined
    const now = await database.now()
    return database.write(async (trx) => {
      let filled = 0
      const isKept = await writeMetadata(trx, file.id, columns, async (items) => {
        filled += await fillItems(trx, items, parseSaid(columns.said), now)
      })
      if (isKept) await countVersion(trx)
      return filled
    })
  })
}
