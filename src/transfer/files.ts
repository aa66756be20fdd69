import { isDeepStrictEqual } from 'node:util'
import type { Selectable } from 'kysely'
import type { Queries, Tables } from '../database/tables.ts'
import { removeItems } from './items.ts'
import { enterKeys } from './journal-rows.ts'

type File = Selectable<Tables['files']>
type Variant = Selectable<Tables['variants']>

type EarlierAddresses = Selectable<Tables['earlier_addresses']>

/** A file with the images derived from it, in the order of their names. */
export interface StoredFile {
  file: File
  variants: Variant[]
  /** In the order of their recipes. */
  earlier: EarlierAddresses[]
}

/** Files in ascending order of id, with ids over `after` and up to `last`. */
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

/** A file as it is now; undefined if it is gone. */
export async function readFile(db: Queries, id: number): Promise<StoredFile | undefined> {
  const [found] = await readFiles(db, { after: id - 1, last: id })
  return found
}

export const objectsOf = ({ file, variants }: StoredFile): (File | Variant)[] => [file, ...variants]

export const keysOf = (stored: StoredFile): string[] => objectsOf(stored).map(({ key }) => key)

/** Whether two say the same. Rows of SQLite have no prototype, which counts as a difference. */
export const isSameFile = (a: StoredFile, b: StoredFile | undefined): boolean =>
  b !== undefined &&
  isDeepStrictEqual({ ...a.file }, { ...b.file }) &&
  isDeepStrictEqual(plain(a.variants), plain(b.variants)) &&
  isDeepStrictEqual(plain(a.earlier), plain(b.earlier))

const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row }))

/**
 * Writes files whose objects are in storage in place of what there was of them. The items of another file of the same bytes go
 * with it: where these come from, there is no such file any more.
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
      conflict.column('id').doUpdateSet((row) => ({
        sha256: row.ref('excluded.sha256'),
        key: row.ref('excluded.key'),
        type: row.ref('excluded.type'),
        size: row.ref('excluded.size'),
        width: row.ref('excluded.width'),
        height: row.ref('excluded.height'),
        frames: row.ref('excluded.frames'),
        thumbhash: row.ref('excluded.thumbhash'),
        color: row.ref('excluded.color'),
        scaled_digest: row.ref('excluded.scaled_digest'),
        high_digest: row.ref('excluded.high_digest'),
        recipe: row.ref('excluded.recipe'),
      })),
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

/** Deletes files with their items, and enters their keys for removal. */
export async function removeFiles(trx: Queries, ids: readonly number[], now: number) {
  await enterKeys(trx, await forgetFiles(trx, ids), now)
}

/**
 * Deletes the rows of files and of their items.
 * @returns the keys that they named
 */
export async function forgetFiles(trx: Queries, ids: readonly number[]): Promise<string[]> {
  if (ids.length === 0) return []
  const items = await trx.selectFrom('media').select('id').where('file_id', 'in', ids).execute()
  await removeItems(
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
