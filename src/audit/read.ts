import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Selectable } from 'kysely'
import type { Milliseconds, Queries, Tables } from '../database/tables.ts'
import { type Static, type TSchema, Type } from '../http/schema.ts'
import { type AuditAction, accountSubject, auditActions } from './record.ts'

/** Rows that one query scans. A filter that no row fits must not delay other requests. */
const SLICE = 2_000
/** Slices that one call scans. */
const SLICES = 10

export interface AuditQuery {
  /** Only rows with a smaller id. */
  before?: number | undefined
  since?: Milliseconds | undefined
  /** Name of an account, as typed by a user. Finds what the account did and what was done to it. */
  user?: string | undefined
  action?: AuditAction | undefined
  subject?: string | undefined
  /** Maximum number of rows. */
  limit: number
}

export type AuditRow = Selectable<Tables['audit']>

export interface AuditPage {
  /** Newest first. */
  rows: AuditRow[]
  /** Value of `before` for the next page; null at the end. A page that is not full may have a next page. */
  next: number | null
}

/** Reads a page of the trail. A call scans a bounded number of rows, for any filter and any size of the trail. */
export async function readAudit(db: Queries, query: AuditQuery): Promise<AuditPage> {
  const { before = Number.MAX_SAFE_INTEGER, since = 0, limit } = query
  const first = await findEdge(db, 'asc')
  const last = await findEdge(db, 'desc')
  if (first === undefined || last === undefined) return { rows: [], next: null }

  const rows: AuditRow[] = []
  let upper = Math.min(before, last.id + 1)
  for (let slice = 0; slice < SLICES && upper > first.id; slice++) {
    const lower = Math.max(first.id, upper - SLICE)
    rows.push(...(await readSlice(db, query, { lower, upper, limit: limit - rows.length })))
    const end = rows.at(-1)
    if (end !== undefined && rows.length === limit) {
      return { rows, next: end.id > first.id ? end.id : null }
    }
    // Times never decrease with growing ids, so all earlier rows are older still.
    const oldest = await findEdge(db, 'asc', lower)
    if (oldest === undefined || oldest.at < since) return { rows, next: null }
    upper = lower
    await nextTurn()
  }
  return { rows, next: upper > first.id ? upper : null }
}

const findEdge = (db: Queries, order: 'asc' | 'desc', from = 0) =>
  db
    .selectFrom('audit')
    .select(['id', 'at'])
    .where('id', '>=', from)
    .orderBy('id', order)
    .limit(1)
    .executeTakeFirst()

function readSlice(
  db: Queries,
  { since, user, action, subject }: AuditQuery,
  { lower, upper, limit }: { lower: number; upper: number; limit: number },
): Promise<AuditRow[]> {
  let rows = db
    .selectFrom('audit')
    .selectAll()
    .where('id', '>=', lower)
    .where('id', '<', upper)
    .orderBy('id', 'desc')
    .limit(limit)
  if (since !== undefined) rows = rows.where('at', '>=', since)
  if (action !== undefined) rows = rows.where('action', '=', action)
  if (subject !== undefined) rows = rows.where('subject', '=', subject)
  if (user !== undefined) {
    // Names of Vitrine's own accounts are normalised; those of an external service are stored as they are.
    const names = [user, user.trim().normalize('NFKC').toLowerCase()]
    rows = rows.where((where) =>
      where.or([where('actor', 'in', names), where('subject', 'in', names.map(accountSubject))]),
    )
  }
  return rows.execute()
}

const Nullable = (type: TSchema, description: string) =>
  Type.Union([type, Type.Null()], { description })

/** A row of the trail, as clients receive it. */
export const AuditEntry = Type.Object(
  {
    id: Type.Integer(),
    timestamp: Type.String(),
    action: Type.String({ enum: [...auditActions] }),
    actor: Nullable(Type.String(), 'Name of the account at that time; null if it is not known'),
    accountId: Nullable(Type.String(), 'Its id; null for commands and the server itself'),
    tokenId: Nullable(Type.Integer(), 'The personal token that it was done with'),
    network: Nullable(Type.String(), 'An IPv4 address, or an IPv6 /64'),
    subject: Nullable(Type.String(), 'What it was done to: `media:12`, `account:bob`, `token:3`'),
    detail: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  },
  { title: 'AuditEntry' },
)
export type AuditEntry = Static<typeof AuditEntry>

export const toEntry = (row: AuditRow) => ({
  id: row.id,
  timestamp: new Date(row.at).toISOString(),
  action: row.action,
  actor: row.actor,
  accountId: row.account_id,
  tokenId: row.token_id,
  network: row.network,
  subject: row.subject,
  detail: row.detail === null ? null : (JSON.parse(row.detail) as object),
})

/** Ids of the images in these entries that are no longer in the library. */
export async function findGone(db: Queries, rows: readonly AuditRow[]): Promise<number[]> {
  const ids = new Set<number>()
  for (const { subject } of rows) {
    const id = /^media:(\d+)$/.exec(subject ?? '')?.[1]
    if (id !== undefined) ids.add(Number(id))
  }
  if (ids.size === 0) return []
  const there = await db
    .selectFrom('media')
    .select('id')
    .where('id', 'in', [...ids])
    .execute()
  return [...ids.difference(new Set(there.map(({ id }) => id)))]
}

/**
 * Parses a day, or a time with its offset from UTC. A time without an offset is not accepted, because it would
 * depend on the time zone of the server.
 */
export function parseTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/.test(text)) {
    return undefined
  }
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}
