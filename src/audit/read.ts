import { setImmediate as letOthers } from 'node:timers/promises'
import type { Selectable } from 'kysely'
import type { Milliseconds, Queries, Tables } from '../database/tables.ts'
import { type AuditAction, accountSubject } from './record.ts'

/** Rows that one query looks through: a filter that nothing fits must not hold anybody up. */
const SLICE = 2_000
/** Slices that one call looks through. */
const SLICES = 10

export interface AuditQuery {
  /** Only what has a smaller id. */
  before?: number | undefined
  since?: Milliseconds | undefined
  /** An account's name, as anybody types it: what it did, and what was done to it. */
  user?: string | undefined
  action?: AuditAction | undefined
  subject?: string | undefined
  /** At most so many. */
  limit: number
}

export type AuditRow = Selectable<Tables['audit']>

export interface AuditPage {
  /** The newest first. */
  rows: AuditRow[]
  /** Where to go on, as `before`; null at the end. There may be more though the page is not full. */
  next: number | null
}

/** A page of the trail. What one call looks through is bounded, whatever the filter and the size. */
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
    // Times grow with the ids.
    const oldest = await findEdge(db, 'asc', lower)
    if (oldest === undefined || oldest.at < since) return { rows, next: null }
    upper = lower
    await letOthers()
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
    // Names of our own accounts are folded, those of another service as it has them.
    const names = [user, user.trim().normalize('NFKC').toLowerCase()]
    rows = rows.where((where) =>
      where.or([where('actor', 'in', names), where('subject', 'in', names.map(accountSubject))]),
    )
  }
  return rows.execute()
}
