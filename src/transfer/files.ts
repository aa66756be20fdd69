import { isDeepStrictEqual } from 'node:util'
import type { Selectable } from 'kysely'
import type { Queries, Tables } from '../database/tables.ts'
import { removeItemRows } from './items.ts'
import { enterKeys } from './journal-rows.ts'

type File = Selectable<Tables['files']>
type Variant = Selectable<Tables['variants']>

type EarlierAddresses = Selectable<Tables['earlier_addresses']>

/** A file with its variants, sorted by name. */
export interface StoredFile {
  file: File
  variants: Variant[]
  /** Sorted by recipe. */
  earlier: EarlierAddresses[]
}

/** Reads the files with ids above `after` and up to `last`, in ascending order. */
export async function readFiles(
  db: Queries,
  {
    after,
    last = Number.MAX_SAFE_INTEGER,
    limit,
  }: { after: number; last?: number; limit?: number },
): Promise<StoredFile[]> {
  const files = await db
    .selectFrom('files')
    .selectAll()
    .where('id', '>', after)
    .where('id', '<=', last)
    .orderBy('id')
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute()
  const ids = files.map(({ id }) => id)
  const variants = await db
    .selectFrom('variants')
    .selectAll()
    .where('file_id', 'in', ids)
    .orderBy('file_id')
    .orderBy('name')
    .execute()
  const earlier = await db
    .selectFrom('earlier_addresses')
    .selectAll()
    .where('file_id', 'in', ids)
    .orderBy('file_id')
    .orderBy('recipe')
    .execute()
  const variantsOf = Map.groupBy(variants, ({ file_id }) => file_id)
  const earlierOf = Map.groupBy(earlier, ({ file_id }) => file_id)
  return files.map((file) => ({
    file,
    variants: variantsOf.get(file.id) ?? [],
    earlier: earlierOf.get(file.id) ?? [],
  }))
}

/** Reads a file; undefined if it does not exist. */
export async function readFile(db: Queries, id: number): Promise<StoredFile | undefined> {
  const [found] = await readFiles(db, { after: id - 1, last: id })
  return found
}

export const objectsOf = ({ file, variants }: StoredFile): (File | Variant)[] => [file, ...variants]

export const keysOf = (stored: StoredFile): string[] => objectsOf(stored).map(({ key }) => key)

/** Whether the rows are equal. Copies them first: rows of SQLite have no prototype, which counts as a difference. */
export const isSameFile = (a: StoredFile, b: StoredFile | undefined): boolean =>
  b !== undefined &&
  isDeepStrictEqual({ ...a.file }, { ...b.file }) &&
  isDeepStrictEqual(plain(a.variants), plain(b.variants)) &&
  isDeepStrictEqual(plain(a.earlier), plain(b.earlier))

const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row }))

/**
 * Inserts or replaces files whose objects are in storage. Another file with the same bytes is deleted together
 * with its items, because it no longer exists at the source.
 */
export async function writeFiles(trx: Queries, files: readonly StoredFile[], now: number) {
  const ids = files.map(({ file }) => file.id)
  const displaced = await trx
    .selectFrom('files')
    .select('id')
    .where(
      'sha256',
      'in',
      files.map(({ file }) => file.sha256),
    )
    .where('id', 'not in', ids)
    .execute()
  await removeFiles(
    trx,
    displaced.map(({ id }) => id),
    now,
  )

  const before = await trx
    .selectFrom('files')
    .select('key')
    .where('id', 'in', ids)
    .unionAll(trx.selectFrom('variants').select('key').where('file_id', 'in', ids))
    .execute()
  await trx.deleteFrom('variants').where('file_id', 'in', ids).execute()
  await trx.deleteFrom('earlier_addresses').where('file_id', 'in', ids).execute()
  await trx
    .insertInto('files')
    .values(files.map(({ file }) => file))
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet((row) =>
          Object.fromEntries(
            Object.keys(files[0]?.file ?? {}).map((column) => [
              column,
              row.ref(`excluded.${column as keyof File}`),
            ]),
          ),
        ),
    )
    .execute()
  const variants = files.flatMap((stored) => stored.variants)
  if (variants.length > 0) await trx.insertInto('variants').values(variants).execute()
  const earlier = files.flatMap((stored) => stored.earlier)
  if (earlier.length > 0) await trx.insertInto('earlier_addresses').values(earlier).execute()
  const named = new Set(files.flatMap(keysOf))
  await trx
    .deleteFrom('journal')
    .where('key', 'in', [...named])
    .execute()
  await enterKeys(
    trx,
    before.map(({ key }) => key).filter((key) => !named.has(key)),
    now,
  )
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
  await removeItemRows(
    trx,
    items.map(({ id }) => id),
  )
  const variants = await trx
    .deleteFrom('variants')
    .where('file_id', 'in', ids)
    .returning('key')
    .execute()
  const files = await trx.deleteFrom('files').where('id', 'in', ids).returning('key').execute()
  return [...files, ...variants].map(({ key }) => key)
}
