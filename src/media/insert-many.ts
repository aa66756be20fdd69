import { type Insertable, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'
import { adjustCounts } from './rank.ts'
import { mediaGrams, mediaLines } from './search.ts'
import { countTags, parseTags } from './tags.ts'

/** Rows of one statement: more save nothing, and SQLite takes at most 32,766 parameters. */
const ROWS_AT_ONCE = 200
/** Entries of the search index of one statement. */
const ENTRIES_AT_ONCE = 10_000

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
  for (const batch of inBatches(files, ROWS_AT_ONCE)) {
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
  for (const batch of inBatches(items, ROWS_AT_ONCE)) {
    const rows = await trx.insertInto('media').values(batch).returning('id').execute()
    all.push(...inOrder(rows))
  }
  const tagsOfAll: string[] = []
  /** Most tags come many times. */
  const known = new Map<string, string>()
  const entries = items.map(({ name, tags }, index): Entry => {
    const ownTags = parseTags(tags)
    tagsOfAll.push(...ownTags)
    const text = isPostgres(trx) ? mediaLines(name, ownTags) : mediaGrams(name, ownTags, known)
    return [all[index] ?? 0, text]
  })
  // After all other rows, since FTS5 writes what it has gathered with every statement of several rows,
  // whatever that is about, and merges it later.
  for (const batch of inBatches(entries, ENTRIES_AT_ONCE)) await insertEntries(trx, batch)
  await countTags(trx, [], tagsOfAll)
  await adjustCounts(trx, all, 1)
  return all
}

/** Of the search index: the id of an item, and what it is found by. */
type Entry = readonly [id: number, text: string]

async function insertEntries(trx: Queries, entries: readonly Entry[]): Promise<void> {
  const json = JSON.stringify(entries)
  await (isPostgres(trx)
    ? sql`INSERT INTO media_search (id, lines)
        SELECT (entry ->> 0)::bigint, entry ->> 1 FROM json_array_elements(${json}::json) AS entry`
    : sql`INSERT INTO media_search (rowid, grams)
        SELECT value ->> 0, value ->> 1 FROM json_each(${json})`
  ).execute(trx)
}

function* inBatches<T>(rows: readonly T[], most: number): Generator<T[]> {
  for (let start = 0; start < rows.length; start += most) yield rows.slice(start, start + most)
}

/** Rows are numbered in the order in which a statement names them, and may come back in any. */
const inOrder = (rows: readonly { id: number }[]): number[] =>
  rows.map(({ id }) => id).sort((a, b) => a - b)
