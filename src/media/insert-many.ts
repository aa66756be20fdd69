import { type Insertable, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'
import { adjustCounts } from './rank.ts'
import { mediaGrams, mediaLines } from './search.ts'
import { countTags, parseTags } from './tags.ts'

/** Rows of one statement: more save nothing, and SQLite takes at most 32,766 parameters. */
const ROWS_AT_ONCE = 200

/** A file with its scaled image, both of which storage holds. */
export interface NewFile {
  file: Insertable<Tables['files']>
  scaled: Omit<Insertable<Tables['variants']>, 'file_id' | 'name'>
}

/**
 * Inserts the rows of files.
 * @returns their ids, in the order of the files
 */
export async function insertFiles(trx: Queries, files: readonly NewFile[]): Promise<number[]> {
  const all: number[] = []
  for (const batch of inBatches(files)) {
    const rows = await trx
      .insertInto('files')
      .values(batch.map(({ file }) => file))
      .returning('id')
      .execute()
    const ids = inOrder(rows)
    await trx
      .insertInto('variants')
      .values(
        batch.map(({ scaled }, index) => ({
          file_id: ids[index] ?? 0,
          name: 'scaled' as const,
          ...scaled,
        })),
      )
      .execute()
    all.push(...ids)
  }
  return all
}

/**
 * Inserts items with all that is derived from them: search index, tags, counts. What is shared is
 * written once for all of them, and last. To count the library's version up is the caller's.
 *
 * @param items in ascending order of id, or all without one, to be given the next
 * @returns their ids, in the order of the items
 */
export async function insertItems(
  trx: Queries,
  items: readonly Insertable<Tables['media']>[],
): Promise<number[]> {
  const all: number[] = []
  const tagsOfAll: string[] = []
  /** Most tags come many times. */
  const known = new Map<string, string>()
  for (const batch of inBatches(items)) {
    const rows = await trx.insertInto('media').values(batch).returning('id').execute()
    const ids = inOrder(rows)
    const indexed = batch.map(({ name, tags }, index) => {
      const ownTags = parseTags(tags)
      tagsOfAll.push(...ownTags)
      return isPostgres(trx)
        ? sql`(${ids[index]}, ${mediaLines(name, ownTags)})`
        : sql`(${ids[index]}, ${mediaGrams(name, ownTags, known)})`
    })
    await (isPostgres(trx)
      ? sql`INSERT INTO media_search (id, lines) VALUES ${sql.join(indexed)}`
      : sql`INSERT INTO media_search (rowid, grams) VALUES ${sql.join(indexed)}`
    ).execute(trx)
    all.push(...ids)
  }
  await countTags(trx, [], tagsOfAll)
  await adjustCounts(trx, all, 1)
  return all
}

function* inBatches<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    yield rows.slice(start, start + ROWS_AT_ONCE)
  }
}

/** Rows are numbered in the order in which a statement names them, and may come back in any. */
const inOrder = (rows: readonly { id: number }[]): number[] =>
  rows.map(({ id }) => id).sort((a, b) => a - b)
