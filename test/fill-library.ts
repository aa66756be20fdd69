import { createHash } from 'node:crypto'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { idAt, insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import type { SearchTexts } from '../src/media/list/search.ts'
import { locateDatabase } from './postgres.ts'

export interface Filling {
  name: string
  tags?: readonly string[]
  /** Makes the item longer by this many characters. */
  padding?: number
}

/**
 * Quickly makes a library of items that have rows but no files, for lists of any length. The ids are 1, 2,
 * 3… Call it before the server starts.
 */
export async function fillLibrary(data: string, fillings: readonly Filling[]): Promise<void> {
  const database = await openDatabase(await locateDatabase(data))
  await fillDatabase(database, fillings)
  await database.close()
}

/** As many as one statement of SQLite takes, with a margin. */
const FILES_AT_ONCE = 1000

/** The same, in an open database. */
export async function fillDatabase(
  database: Database,
  fillings: readonly Filling[],
): Promise<void> {
  await database.write(async (trx) => {
    const files = fillings.map(({ padding = 0 }, index) => {
      const sha256 = createHash('sha256').update(String(index)).digest('hex')
      return {
        sha256,
        key: `originals/${sha256.slice(0, 3)}/${sha256.slice(0, 32)}.jpg`,
        type: 'image/jpeg',
        size: 1000,
        width: 64,
        height: 48,
        frames: 1,
        thumbhash: 'A'.repeat(28 + padding),
        color: '#808080',
        scaled_digest: sha256.slice(0, 22),
        high_digest: sha256.slice(22, 44),
      }
    })
    const ids: number[] = []
    for (let start = 0; start < files.length; start += FILES_AT_ONCE) {
      const rows = files.slice(start, start + FILES_AT_ONCE)
      const inserted = await trx.insertInto('files').values(rows).returning('id').execute()
      // They are returned in any order.
      ids.push(...inserted.map(({ id }) => id).sort((a, b) => a - b))
    }
    const items = fillings.map(({ name, tags = [] }, index) => ({
      file_id: idAt(ids, index),
      name,
      tags: JSON.stringify(tags),
      added_at: 1000 * index,
    }))
    await countVersion(trx)
    await insertItems(trx, items)
  })
}

/** What the search index has of an item with only a name and tags. */
export const searchTexts = (name: string, tags: readonly string[]): SearchTexts => ({
  name,
  tags,
  file_name: null,
  alt: null,
  description: null,
  credit: null,
  translations: '{}',
})
