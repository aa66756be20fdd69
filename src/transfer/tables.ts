import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'

export type Row = Record<string, unknown>

interface KeyedTable {
  name: keyof Tables
  /** Its primary key, by which its rows are read in batches. */
  key: readonly string[]
}

export interface AccountTable extends KeyedTable {
  name: AccountTableName
  /** Rows of sign-ins and tokens, which a copy takes along and a backup leaves out. */
  isOfSessions?: boolean
  /** The version of backups since which it is in them; since the first if absent. */
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

/**
 * What is neither an item nor one of its files, in an order in which rows refer only to rows before
 * them. It moves as it is, every column.
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
]

/** What is made anew from the items where they arrive. */
export const DERIVED_TABLES = ['media_search', 'media_counts', 'media_json', 'tags'] as const

/** What is of one database alone, like the processes at work on it, and means nothing to another. */
export const PASSING_TABLES = [
  'journal',
  'owners',
  'unfinished',
  'audit_retention',
  'scrub',
] as const

/** The tables that give every row a number of its own. */
export const NUMBERED_TABLES = ['media', 'files', 'users', 'api_tokens', 'audit'] as const

const BATCH = 500

/** All rows of a table, in batches in the order of its key. */
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

/** @param rows all with the same columns; few enough for one statement */
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

/** The number given last in each numbered table, so that it is never given again. */
export type Counters = Record<(typeof NUMBERED_TABLES)[number], number>

export async function readCounters(db: Queries): Promise<Counters> {
  const counters: Counters = { media: 0, files: 0, users: 0, api_tokens: 0, audit: 0 }
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

/** @param counters as read by this version, or by an older one that had fewer such tables */
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
