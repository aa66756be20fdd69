import type { Queries } from '../database/tables.ts'

/** How much a library contains. */
export interface Contents {
  items: number
  files: number
  fileBytes: number
  /** Variants that are stored. */
  variants: number
  variantBytes: number
  users: number
}

export async function countContents(db: Queries): Promise<Contents> {
  const sum = (table: 'files' | 'variants') =>
    db
      .selectFrom(table)
      .select(({ fn, lit }) => [
        fn.countAll<number>().as('count'),
        fn.coalesce(fn.sum<number>('size'), lit(0)).as('bytes'),
      ])
      .executeTakeFirstOrThrow()
  const files = await sum('files')
  const variants = await sum('variants')
  return {
    items: await countRows(db, 'media'),
    files: files.count,
    fileBytes: files.bytes,
    variants: variants.count,
    variantBytes: variants.bytes,
    users: await countRows(db, 'users'),
  }
}

export async function countRows(db: Queries, table: 'media' | 'files' | 'users'): Promise<number> {
  const { count } = await db
    .selectFrom(table)
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return count
}

/** `3 items, 3 originals (2.1 MB), 5 variants (30.2 kB), 1 users` */
export const describeContents = (contents: Contents): string =>
  [
    `${contents.items} items`,
    `${contents.files} originals (${formatBytes(contents.fileBytes)})`,
    `${contents.variants} variants (${formatBytes(contents.variantBytes)})`,
    `${contents.users} users`,
  ].join(', ')

/** The time since `start`, which is a value of `performance.now()`: `12.3 s`. */
export const formatTimeSince = (start: number): string =>
  `${((performance.now() - start) / 1000).toFixed(1)} s`

function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
