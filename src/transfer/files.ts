import { isDeepStrictEqual } from 'node:util'
import { type Selectable, sql } from 'kysely'
import type { Queries, Tables } from '../database/tables.ts'
import { type ItemState, pairStates, readStates, updateDerived } from '../media/change/derived.ts'
import { enterKeys } from './journal-rows.ts'
import {
  insertRows,
  PART_TABLES,
  type PartName,
  type Range,
  type Row,
  readRange,
} from './tables.ts'

export type File = Selectable<Tables['files']>
export type Item = Selectable<Tables['media']>

/** Items per statement. A file may have more items than a statement may have parameters. */
const REMOVED_AT_ONCE = 1000

/** A file with all rows that move with it, by their table, sorted by their keys. */
export type StoredFile = { file: File } & { [Name in PartName]: Selectable<Tables[Name]>[] }

/** Reads the files in a range, in ascending order of id. */
export const readFiles = async (db: Queries, range: Range): Promise<StoredFile[]> =>
  addParts(db, await readRange(db, 'files', range))

/** Reads the rows that move with files. */
export async function addParts(db: Queries, files: readonly File[]): Promise<StoredFile[]> {
  const ids = idsOf(files)
  const parts = new Map<PartName, Row[]>()
  for (const { name, key } of ids.length === 0 ? [] : PART_TABLES) {
    const { rows } = await sql<Row>`
      SELECT * FROM ${sql.table(name)} WHERE file_id IN (${sql.join(ids)})
      ORDER BY ${sql.join(key.map((column) => sql.ref(column)))}`.execute(db)
    parts.set(name, rows)
  }
  return joinParts(files, parts)
}

/** @param parts rows that name these files */
export function joinParts(
  files: readonly File[],
  parts: ReadonlyMap<PartName, readonly Row[]>,
): StoredFile[] {
  const byFile = PART_TABLES.map(({ name }) => {
    const rows = Map.groupBy(parts.get(name) ?? [], ({ file_id }) => file_id)
    return [name, rows] as const
  })
  return files.map((file) => {
    const own = byFile.map(([name, rows]) => [name, rows.get(file.id) ?? []])
    return { file, ...Object.fromEntries(own) }
  })
}

/** Reads a file; undefined if it does not exist. */
export async function readFile(db: Queries, id: number): Promise<StoredFile | undefined> {
  const [found] = await readFiles(db, { after: id - 1, last: id })
  return found
}

const idsOf = (rows: readonly { id: number }[]): number[] => rows.map(({ id }) => id)

export const objectsOf = ({ file, variants }: StoredFile) => [file, ...variants]

export const keysOf = (stored: StoredFile): string[] => objectsOf(stored).map(({ key }) => key)

/** Whether rows are equal. Rows of SQLite have no prototype, which `isDeepStrictEqual` counts as a difference. */
export const isSame = (a: unknown, b: unknown): boolean =>
  b !== undefined && isDeepStrictEqual(structuredClone(a), structuredClone(b))

/**
 * Inserts or replaces files whose objects are in storage. The journal still names these objects. Another file with the
 * same bytes is deleted together with its items, because it no longer exists at the source.
 */
export async function writeFiles(trx: Queries, files: readonly StoredFile[], now: number) {
  const rows = files.map(({ file }) => file)
  const ids = idsOf(rows)
  const hashes = rows.map(({ sha256 }) => sha256)
  const displaced = await trx
    .selectFrom('files')
    .select('id')
    .where('sha256', 'in', hashes)
    .where('id', 'not in', ids)
    .execute()
  await removeFiles(trx, idsOf(displaced), now)

  const before = await readKeys(trx, ids)
  await deleteParts(trx, ids)
  const noted = await readNoted(trx, rows)
  await insertRows(trx, 'files', rows, true)
  if (noted.length > 0) {
    await updateDerived(trx, pairStates(noted, await readStates(trx, idsOf(noted))))
  }
  for (const { name } of PART_TABLES) {
    const rowsOf = (stored: StoredFile): Row[] => stored[name]
    await insertRows(trx, name, files.flatMap(rowsOf))
  }
  const replaced = new Set(before).difference(new Set(files.flatMap(keysOf)))
  await enterKeys(trx, [...replaced], now)
}

/** The items of files whose metadata were read since the file was written. It is all that changes of a file. */
async function readNoted(trx: Queries, rows: readonly StoredFile['file'][]): Promise<ItemState[]> {
  const reveals = new Map(rows.map((row) => [row.id, row.reveals ?? null]))
  const items = await trx
    .selectFrom('files')
    .innerJoin('media', 'media.file_id', 'files.id')
    .select(['files.id as file_id', 'files.reveals', 'media.id'])
    .where('files.id', 'in', [...reveals.keys()])
    .execute()
  const changed = items.filter((item) => item.reveals !== reveals.get(item.file_id))
  return changed.length === 0 ? [] : readStates(trx, idsOf(changed))
}

/** Deletes files with their items, and enters their keys into the journal for removal. */
export async function removeFiles(trx: Queries, ids: readonly number[], now: number) {
  await enterKeys(trx, await forgetFiles(trx, ids), now)
}

/**
 * Deletes the rows of files and of their items.
 * @returns the keys of their objects
 */
export async function forgetFiles(trx: Queries, ids: readonly number[]): Promise<string[]> {
  if (ids.length === 0) return []
  const items = await trx.selectFrom('media').select('id').where('file_id', 'in', ids).execute()
  await removeItems(trx, idsOf(items))
  const keys = await readKeys(trx, ids)
  await deleteParts(trx, ids)
  await trx.deleteFrom('files').where('id', 'in', ids).execute()
  return keys
}

/** Reads the keys of all objects of files. */
async function readKeys(trx: Queries, ids: readonly number[]): Promise<string[]> {
  const rows = await trx
    .selectFrom('files')
    .select('key')
    .where('id', 'in', ids)
    .unionAll(trx.selectFrom('variants').select('key').where('file_id', 'in', ids))
    .unionAll(trx.selectFrom('renditions').select('key').where('file_id', 'in', ids))
    .execute()
  return rows.map(({ key }) => key)
}

async function deleteParts(trx: Queries, ids: readonly number[]): Promise<void> {
  for (const { name } of PART_TABLES) {
    await sql`DELETE FROM ${sql.table(name)} WHERE file_id IN (${sql.join(ids)})`.execute(trx)
  }
}

/** Deletes items, and removes them from everything that is derived from them. */
export async function removeItems(trx: Queries, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += REMOVED_AT_ONCE) {
    const some = ids.slice(start, start + REMOVED_AT_ONCE)
    const items = await readStates(trx, some)
    await trx.deleteFrom('versions').where('media_id', 'in', some).execute()
    await trx.deleteFrom('media').where('id', 'in', some).execute()
    await updateDerived(
      trx,
      items.map((before) => ({ before })),
    )
  }
}
