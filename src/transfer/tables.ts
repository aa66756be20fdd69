import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'

export type Row = Record<string, unknown>

interface KeyedTable {
  name: keyof Tables
  /** Its primary key. Its rows are read in batches in this order. */
  key: readonly string[]
}

export interface AccountTable extends KeyedTable {
  name: AccountTableName
  /** Rows of sign-ins and tokens. A copy contains them, a backup does not. */
  isOfSessions?: boolean
  /** The first version of the backup format that contains the table; 1 if absent. */
  since?: number
}

type AccountTableName =
  | 'secrets'
  | 'roles'
  | 'role_permissions'
  | 'users'
  | 'user_roles'
  | 'sessions'
  | 'refresh_tokens'
  | 'login_attempts'
  | 'api_tokens'
  | 'audit'
  | 'collections'
  | 'collection_items'
  | 'versions'

/**
 * The tables without items and files. Their rows refer only to rows of tables earlier in this list. All
 * columns are copied unchanged.
 */
export const ACCOUNT_TABLES: readonly AccountTable[] = [
  { name: 'secrets', key: ['name'] },
  { name: 'roles', key: ['name'] },
  { name: 'role_permissions', key: ['role', 'permission'] },
  { name: 'users', key: ['id'] },
  { name: 'user_roles', key: ['user_id', 'role'] },
  { name: 'sessions', key: ['id'], isOfSessions: true },
  { name: 'refresh_tokens', key: ['hash'], isOfSessions: true },
  { name: 'login_attempts', key: ['key'], isOfSessions: true },
  { name: 'api_tokens', key: ['id'], isOfSessions: true },
  { name: 'audit', key: ['id'], since: 2 },
  { name: 'collections', key: ['id'], since: 4 },
  { name: 'collection_items', key: ['collection_id', 'media_id'], since: 4 },
  { name: 'versions', key: ['media_id', 'version'], since: 4 },
]

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

/** Tables about one database only, such as its processes. Their rows mean nothing to another database. */
export const PASSING_TABLES = [
  'journal',
  'owners',
  'unfinished',
  'audit_retention',
  'scrub',
] as const

/** The tables whose rows get a generated id. */
export const NUMBERED_TABLES = [
  'media',
  'files',
  'users',
  'api_tokens',
  'audit',
  'collections',
] as const

const BATCH = 500

/** Reads all rows of a table, in batches, sorted by its key. */
export async function* readRows(db: Queries, { name, key }: KeyedTable): AsyncGenerator<Row[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)))
  let after: RawBuilder<unknown> = sql``
  for (;;) {
    const { rows } = await sql<Row>`
      SELECT * FROM ${sql.table(name)} ${after} ORDER BY ${columns} LIMIT ${sql.lit(BATCH)}`.execute(
      db,
    )
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (!last || rows.length < BATCH) return
    after = sql`WHERE (${columns}) > (${sql.join(key.map((column) => last[column]))})`
  }
}

/** @param rows rows with the same columns, few enough for one statement */
export async function insertRows(
  trx: Queries,
  table: keyof Tables,
  rows: readonly Row[],
): Promise<void> {
  const [first] = rows
  if (!first) return
  const columns = Object.keys(first)
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column] ?? null))})`)
  await sql`
    INSERT INTO ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
    VALUES ${sql.join(values)}`.execute(trx)
}

/** The last generated id of each numbered table. No id is ever given twice. */
export type Counters = Record<(typeof NUMBERED_TABLES)[number], number>

export async function readCounters(db: Queries): Promise<Counters> {
  const counters: Counters = {
    media: 0,
    files: 0,
    users: 0,
    api_tokens: 0,
    audit: 0,
    collections: 0,
  }
  for (const table of NUMBERED_TABLES) {
    const { rows } = await (isPostgres(db)
      ? sql<{ last: number | null }>`
          SELECT pg_sequence_last_value(pg_get_serial_sequence(${table}, 'id')::regclass) AS last`
      : sql<{ last: number }>`SELECT seq AS last FROM sqlite_sequence WHERE name = ${table}`
    ).execute(db)
    counters[table] = rows[0]?.last ?? 0
  }
  return counters
}

/** @param counters may lack tables that an older version did not have */
export async function writeCounters(trx: Queries, counters: Partial<Counters>): Promise<void> {
  for (const table of NUMBERED_TABLES) {
    const last = counters[table] ?? 0
    if (isPostgres(trx)) {
      if (last === 0) continue
      await sql`SELECT setval(pg_get_serial_sequence(${table}, 'id'), ${last})`.execute(trx)
    } else {
      await sql`DELETE FROM sqlite_sequence WHERE name = ${table}`.execute(trx)
      await sql`INSERT INTO sqlite_sequence (name, seq) VALUES (${table}, ${last})`.execute(trx)
    }
  }
}
