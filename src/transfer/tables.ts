import { type RawBuilder, type Selectable, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'

export type Row = Record<string, unknown>

interface KeyedTable {
  name: keyof Tables
  /** Its primary key. Its rows are read in batches in this order. */
  key: readonly string[]
}

type References = Readonly<Record<string, 'files' | 'media'>>

interface Moved extends KeyedTable {
  /** The first version of the backup format that contains the table; 1 if absent. */
  since?: number
  /** Its rows get a generated id. */
  isNumbered?: boolean
  /** Rows of sign-ins and tokens. A copy contains them, a backup does not. */
  isOfSessions?: boolean
  /** Columns that name a file or an item, or its own id. A backup without that file or item does not contain the row. */
  refersTo?: References
  /** Columns that may name a file or an item. In a backup without that file or item they are null. */
  mayName?: References
}

export const FILES = {
  name: 'files',
  key: ['id'],
  isNumbered: true,
  refersTo: { id: 'files' },
} as const satisfies Moved
export const ITEMS = {
  name: 'media',
  key: ['id'],
  isNumbered: true,
  refersTo: { id: 'media' },
  mayName: { merged_into: 'media' },
} as const satisfies Moved

/**
 * The tables whose rows move together with their file, which each names in `file_id`, the first column of its
 * key. Those of `variants` have objects, as files do.
 */
const PARTS = [
  { name: 'variants', key: ['file_id', 'name'], refersTo: { file_id: 'files' } },
  {
    name: 'earlier_addresses',
    key: ['file_id', 'recipe'],
    since: 3,
    refersTo: { file_id: 'files' },
  },
] as const satisfies readonly Moved[]

/**
 * The other tables. They are written last, in one transaction, and their rows refer only to files, to items and
 * to rows of tables earlier in this list. A reference to a row of the same table must be deferred to the commit.
 */
const LAST = [
  { name: 'secrets', key: ['name'] },
  { name: 'roles', key: ['name'] },
  { name: 'role_permissions', key: ['role', 'permission'] },
  { name: 'users', key: ['id'], isNumbered: true },
  { name: 'user_roles', key: ['user_id', 'role'] },
  { name: 'sessions', key: ['id'], isOfSessions: true },
  { name: 'refresh_tokens', key: ['hash'], isOfSessions: true },
  { name: 'login_attempts', key: ['key'], isOfSessions: true },
  { name: 'api_tokens', key: ['id'], isNumbered: true, isOfSessions: true },
  { name: 'audit', key: ['id'], isNumbered: true, since: 2 },
  { name: 'collections', key: ['id'], isNumbered: true, since: 4, mayName: { cover: 'media' } },
  {
    name: 'collection_items',
    key: ['collection_id', 'media_id'],
    since: 4,
    refersTo: { media_id: 'media' },
  },
  {
    name: 'versions',
    key: ['media_id', 'version'],
    since: 4,
    refersTo: { media_id: 'media', file_id: 'files' },
  },
  { name: 'moved_addresses', key: ['address'], since: 4, refersTo: { media_id: 'media' } },
  {
    name: 'earlier_keys',
    key: ['key', 'media_id'],
    since: 5,
    refersTo: { media_id: 'media', file_id: 'files' },
  },
  { name: 'presets', key: ['name'], since: 5 },
] as const satisfies readonly Moved[]

export type PartName = (typeof PARTS)[number]['name']
export type MovedName = 'files' | 'media' | PartName | (typeof LAST)[number]['name']

export interface MovedTable extends Moved {
  name: MovedName
}

export const PART_TABLES: readonly (MovedTable & { name: PartName })[] = PARTS
export const LAST_TABLES: readonly MovedTable[] = LAST

/**
 * Every table that moves with a library, with all its columns. A new table is a line in one of the lists above,
 * and its columns in `check-rows.ts`. Nothing else needs to know it.
 */
export const MOVED_TABLES: readonly MovedTable[] = [FILES, ...PARTS, ITEMS, ...LAST]

/** Of these, those that a backup contains. */
export const BACKUP_TABLES = MOVED_TABLES.filter(({ isOfSessions }) => !isOfSessions)

/** Of these, those whose rows get a generated id. */
export const NUMBERED_TABLES = MOVED_TABLES.filter(({ isNumbered }) => isNumbered)

/** Tables that the target derives again from its items. */
export const DERIVED_TABLES = [
  'media_search',
  'media_counts',
  'media_json',
  'tags',
  'facets',
  'facet_chunks',
  'order_blocks',
  'doubles',
] as const

/** Tables about one database only, such as its processes. Renditions are made again at their next request. */
export const PASSING_TABLES = [
  'journal',
  'owners',
  'unfinished',
  'audit_retention',
  'scrub',
  'trash_purge',
  'renditions',
] as const

const BATCH = 500

/** Reads all rows of a table, in batches, sorted by its key. */
export async function* readRows<T extends object = Row>(
  db: Queries,
  { name, key }: KeyedTable,
  limit = BATCH,
): AsyncGenerator<T[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)))
  let after: RawBuilder<unknown> = sql``
  for (;;) {
    const { rows } = await sql<T>`
      SELECT * FROM ${sql.table(name)} ${after} ORDER BY ${columns} LIMIT ${sql.lit(limit)}`.execute(
      db,
    )
    if (rows.length > 0) yield rows
    const last: Row = { ...rows.at(-1) }
    if (rows.length < limit) return
    after = sql`WHERE (${columns}) > (${sql.join(key.map((column) => last[column]))})`
  }
}

/** Ids above `after` and up to `last`. */
export interface Range {
  after: number
  last: number
}

/** Reads the files or the items in a range, in ascending order. */
export async function readRange<Name extends 'files' | 'media'>(
  db: Queries,
  table: Name,
  { after, last }: Range,
): Promise<Selectable<Tables[Name]>[]> {
  const { rows } = await sql<Selectable<Tables[Name]>>`
    SELECT * FROM ${sql.table(table)} WHERE id > ${after} AND id <= ${last} ORDER BY id`.execute(db)
  return rows
}

/**
 * @param rows rows with the same columns, few enough for one statement
 * @param replace also updates the rows with the same id
 */
export async function insertRows(
  trx: Queries,
  table: keyof Tables,
  rows: readonly Row[],
  replace = false,
): Promise<void> {
  const [first] = rows
  if (!first) return
  const columns = Object.keys(first)
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column] ?? null))})`)
  const updates = columns.map(
    (column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`,
  )
  await sql`
    INSERT INTO ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
    VALUES ${sql.join(values)}
    ${replace ? sql`ON CONFLICT (id) DO UPDATE SET ${sql.join(updates)}` : sql``}`.execute(trx)
}

/** The last generated id of each numbered table. No id is ever given twice. */
export type Counters = Partial<Record<MovedName, number>>

export async function readCounters(db: Queries): Promise<Counters> {
  const counters: Counters = {}
  for (const { name } of NUMBERED_TABLES) {
    const { rows } = await (isPostgres(db)
      ? sql<{ last: number | null }>`
          SELECT pg_sequence_last_value(pg_get_serial_sequence(${name}, 'id')::regclass) AS last`
      : sql<{ last: number }>`SELECT seq AS last FROM sqlite_sequence WHERE name = ${name}`
    ).execute(db)
    counters[name] = rows[0]?.last ?? 0
  }
  return counters
}

/** @param counters may lack tables that an older version did not have */
export async function writeCounters(trx: Queries, counters: Counters): Promise<void> {
  for (const { name } of NUMBERED_TABLES) {
    const last = counters[name] ?? 0
    if (isPostgres(trx)) {
      if (last === 0) continue
      await sql`SELECT setval(pg_get_serial_sequence(${name}, 'id'), ${last})`.execute(trx)
    } else {
      await sql`DELETE FROM sqlite_sequence WHERE name = ${name}`.execute(trx)
      await sql`INSERT INTO sqlite_sequence (name, seq) VALUES (${name}, ${last})`.execute(trx)
    }
  }
}
