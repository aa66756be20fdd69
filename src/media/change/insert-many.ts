import { type Insertable, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { insertEach } from '../../database/insert-each.ts'
import type { Queries, Tables } from '../../database/tables.ts'
import { readStates, updateDerived } from './derived.ts'

/** Rows of one statement on PostgreSQL, which takes them as one JSON text. */
const ROWS_AT_ONCE = 10_000

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
 * Inserts items with everything that is derived from them. The caller must increase the library's version before.
 *
 * @param items in ascending order of id; or all without an id, to get the next ones
 * @returns their ids, in the order of the items
 */
export async function insertItems(
  trx: Queries,
  items: readonly Insertable<Tables['media']>[],
): Promise<number[]> {
  const rows = items.map((item) => ({ ...item, changed_at: item.changed_at ?? item.added_at }))
  const ids = await insertInto(trx, 'media', rows)
  const after = await readStates(trx, ids)
  await updateDerived(
    trx,
    after.map((state) => ({ after: state })),
  )
  return ids
}

/** @throws Error if fewer rows were inserted than expected */
export function idAt(ids: readonly number[], index: number): number {
  const id = ids[index]
  if (id === undefined)
    throw new Error(`Only ${ids.length} of at least ${index + 1} rows were inserted.`)
  return id
}

type Row = Readonly<Record<string, string | number | null | undefined>>

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
