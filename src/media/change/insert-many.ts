import { type Insertable, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { insertEach } from '../../database/insert-each.ts'
import type { Queries, Tables } from '../../database/tables.ts'
import { adjustCounts } from '../list/rank.ts'
import { mediaGrams, mediaLines, unindexItems } from '../list/search.ts'
import { countTags, parseTags } from '../tags.ts'

/** Rows of one statement on PostgreSQL, which takes them as one text of JSON. */
const ROWS_AT_ONCE = 10_000
/** From so many on it pays to have SQLite gather more of the search index in memory. */
const MANY_ENTRIES = 1000
const MIB = 1024 * 1024

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
  const ids = await insertRows(
    trx,
    'files',
    files.map(({ file }) => file),
  )
  await insertRows(
    trx,
    'variants',
    files.map(({ scaled }, index) => ({
      file_id: idAt(ids, index),
      name: 'scaled' as const,
      ...scaled,
    })),
  )
  return ids
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
  const all = await insertRows(trx, 'media', items)
  const tagsOfAll: string[] = []
  /** Most tags come many times. */
  const known = new Map<string, string>()
  const describe = ({ name, tags }: Insertable<Tables['media']>, index: number): Entry => {
    const ownTags = parseTags(tags)
    tagsOfAll.push(...ownTags)
    const text = isPostgres(trx) ? mediaLines(name, ownTags) : mediaGrams(name, ownTags, known)
    return [idAt(all, index), text]
  }
  // After all other rows, since FTS5 writes what it has gathered with every statement of several rows,
  // whatever that is about, and merges it later.
  await insertEntries(trx, items, describe)
  await countTags(trx, [], tagsOfAll)
  await adjustCounts(trx, all, 1)
  return all
}

/** An item as the search index needs it. */
export interface Indexed {
  id: number
  name: string
  tags: readonly string[]
}

/** Has the search index hold what items are called now. */
export async function reindexItems(trx: Queries, items: readonly Indexed[]): Promise<void> {
  await unindexItems(
    trx,
    items.map(({ id }) => id),
  )
  await indexItems(trx, items)
}

/** Adds items to the search index that it does not have, last in their transaction (see `insertEntries`). */
export async function indexItems(trx: Queries, items: readonly Indexed[]): Promise<void> {
  const known = new Map<string, string>()
  await insertEntries(trx, items, ({ id, name, tags }) => [
    id,
    isPostgres(trx) ? mediaLines(name, tags) : mediaGrams(name, tags, known),
  ])
}

/** Of the search index: the id of an item, and what it is found by. */
type Entry = readonly [id: number, text: string]

async function insertEntries<Item>(
  trx: Queries,
  items: readonly Item[],
  describe: (item: Item, index: number) => Entry,
): Promise<void> {
  if (isPostgres(trx)) {
    for (const batch of inBatches(items.map(describe), ROWS_AT_ONCE)) {
      await sql`INSERT INTO media_search (id, lines)
        SELECT (entry ->> 0)::bigint, entry ->> 1
        FROM json_array_elements(${JSON.stringify(batch)}::json) AS entry`.execute(trx)
    }
    return
  }
  const isMany = items.length >= MANY_ENTRIES
  if (isMany) await gatherEntries(trx, 64 * MIB)
  const insert = sql`INSERT INTO media_search (rowid, grams) VALUES (?, ?)`.compile(trx)
  await insertEach(trx, insert, items, describe)
  if (isMany) await gatherEntries(trx, MIB)
}

/**
 * How much FTS5 gathers in memory before it writes; by default 1 MiB. The setting is kept in the
 * database, so a transaction that changes it sets it back.
 */
const gatherEntries = (trx: Queries, bytes: number) =>
  sql`INSERT INTO media_search (media_search, rank) VALUES ('hashsize', ${sql.lit(bytes)})`.execute(
    trx,
  )

/** @throws Error if there are fewer rows than were to be inserted */
export function idAt(ids: readonly number[], index: number): number {
  const id = ids[index]
  if (id === undefined)
    throw new Error(`Of ${index + 1} rows or more, ${ids.length} were inserted.`)
  return id
}

type Row = Readonly<Record<string, string | number | undefined>>

/**
 * On SQLite, one statement that is run for each row takes half the time of those of several rows.
 * @param rows all of the same columns
 * @returns their ids, in the order of the rows; of no meaning in a table that has none
 */
async function insertRows(
  trx: Queries,
  table: 'files' | 'variants' | 'media',
  rows: readonly Row[],
): Promise<number[]> {
  const [first] = rows
  if (!first) return []
  const names = Object.keys(first)
  const columns = sql.join(names.map((name) => sql.ref(name)))
  const into = sql`INSERT INTO ${sql.table(table)} (${columns})`
  if (!isPostgres(trx)) {
    const insert = sql`${into} VALUES (${sql.join(names.map(() => sql`?`))})`.compile(trx)
    return insertEach(trx, insert, rows, (row) => names.map((name) => row[name] ?? null))
  }
  const all: number[] = []
  const returned = table === 'variants' ? sql`file_id AS id` : sql`id`
  for (const batch of inBatches(rows, ROWS_AT_ONCE)) {
    const { rows: inserted } = await sql<{ id: number }>`${into}
      SELECT ${columns} FROM json_populate_recordset(NULL::${sql.table(table)}, ${JSON.stringify(batch)})
      RETURNING ${returned}`.execute(trx)
    // Rows are numbered in the order in which they are given, and may come back in any.
    all.push(...inserted.map(({ id }) => id).sort((a, b) => a - b))
  }
  return all
}

function* inBatches<T>(rows: readonly T[], most: number): Generator<T[]> {
  for (let start = 0; start < rows.length; start += most) yield rows.slice(start, start + most)
}
