import { type Insertable, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { insertEach } from '../../database/insert-each.ts'
import type { Queries, Tables } from '../../database/tables.ts'
import { adjustCounts } from '../list/rank.ts'
import { mediaGrams, mediaLines, unindexItems } from '../list/search.ts'
import { countTags, parseTags } from '../tags.ts'

/** Rows of one statement on PostgreSQL, which takes them as one JSON text. */
const ROWS_AT_ONCE = 10_000
/** From this number on, it pays to let SQLite gather more of the search index in memory. */
const MANY_ENTRIES = 1000
const MIB = 1024 * 1024

/** A file with its scaled image. Storage holds both. */
export interface NewFile {
  file: Insertable<Tables['files']>
  scaled: Omit<Insertable<Tables['variants']>, 'file_id' | 'name'>
}

/**
 * Inserts the rows of files.
 * @returns their ids, in the order of the files
 */
export async function insertFiles(trx: Queries, files: readonly NewFile[]): Promise<number[]> {
  const ids = await insertInto(
    trx,
    'files',
    files.map(({ file }) => file),
  )
  await insertInto(
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
 * Inserts items with everything that is derived from them: search index, tags, counts. Shared rows are
 * written once for all items, and last. The caller must increase the library's version.
 *
 * @param items in ascending order of id; or all without an id, to get the next ones
 * @returns their ids, in the order of the items
 */
export async function insertItems(
  trx: Queries,
  items: readonly Insertable<Tables['media']>[],
): Promise<number[]> {
  const all = await insertInto(trx, 'media', items)
  const tagsOfAll: string[] = []
  /** Most tags occur many times. */
  const known = new Map<string, string>()
  const describe = ({ name, tags }: Insertable<Tables['media']>, index: number): Entry => {
    const ownTags = parseTags(tags)
    tagsOfAll.push(...ownTags)
    const text = isPostgres(trx) ? mediaLines(name, ownTags) : mediaGrams(name, ownTags, known)
    return [idAt(all, index), text]
  }
  // After all other rows: every statement of several rows, on whatever table, makes FTS5 write what it has
  // gathered, and each part that it writes must be merged later.
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

/** Updates the search index to the present names and tags of items. */
export async function reindexItems(trx: Queries, items: readonly Indexed[]): Promise<void> {
  await unindexItems(
    trx,
    items.map(({ id }) => id),
  )
  await indexItems(trx, items)
}

/** Adds items that the search index does not have. Call it last in their transaction (see `insertItems`). */
export async function indexItems(trx: Queries, items: readonly Indexed[]): Promise<void> {
  const known = new Map<string, string>()
  await insertEntries(trx, items, ({ id, name, tags }) => [
    id,
    isPostgres(trx) ? mediaLines(name, tags) : mediaGrams(name, tags, known),
  ])
}

/** A row of the search index: the id of an item, and the text by which it is found. */
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
 * Sets how much FTS5 gathers in memory before it writes. The default is 1 MiB. The setting is stored in the
 * database, so a transaction that changes it must set it back.
 */
const gatherEntries = (trx: Queries, bytes: number) =>
  sql`INSERT INTO media_search (media_search, rank) VALUES ('hashsize', ${sql.lit(bytes)})`.execute(
    trx,
  )

/** @throws Error if fewer rows were inserted than expected */
export function idAt(ids: readonly number[], index: number): number {
  const id = ids[index]
  if (id === undefined)
    throw new Error(`Only ${ids.length} of at least ${index + 1} rows were inserted.`)
  return id
}

type Row = Readonly<Record<string, string | number | undefined>>

/**
 * Inserts rows. On SQLite, a statement that is run once for each row takes half the time of statements of
 * several rows.
 * @param rows all with the same columns
 * @returns their ids, in the order of the rows; without a meaning if the table has no ids
 */
async function insertInto(
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
    // Rows get their ids in the order in which they are given, but may be returned in any order.
    all.push(...inserted.map(({ id }) => id).sort((a, b) => a - b))
  }
  return all
}

function* inBatches<T>(rows: readonly T[], most: number): Generator<T[]> {
  for (let start = 0; start < rows.length; start += most) yield rows.slice(start, start + most)
}
