import { sql } from 'kysely'
import { askWithin } from '../database/database.ts'
import { buildOnce, isPostgres } from '../database/engine.ts'
import type { Milliseconds, Queries } from '../database/tables.ts'

/** Everything that the trail tells of. */
export const auditActions = [
  'signed-in',
  'sign-in-failed',
  'sign-in-throttled',
  'signed-out',
  'session-replayed',
  'session-ended',
  'sessions-ended',
  'refused',
  'token-refused',
  'media-added',
  'media-edited',
  'media-tagged',
  'media-deleted',
  'account-created',
  'account-removed',
  'account-disabled',
  'account-enabled',
  'role-changed',
  'password-changed',
  'password-change-failed',
  'password-reset',
  'token-created',
  'token-revoked',
  'library-copied',
  'library-restored',
  'library-repaired',
  'trail-purged',
] as const

export type AuditAction = (typeof auditActions)[number]

export const isAuditAction = (value: unknown): value is AuditAction =>
  auditActions.some((action) => action === value)

/** Who does something, and from where. */
export interface Actor {
  /** Name of the account; null if nobody knows who it is. */
  name: string | null
  accountId: string | null
  /** The personal token that it is done with. */
  tokenId: number | null
  /** See `auth/network.ts`. */
  network: string | null
  /** Of a request; see `writeAs`. */
  permit?: Permit | undefined
}

/** @throws AppError 401 or 403 if who does it may not any more */
export type Permit = (db: Queries, now: Milliseconds) => Promise<void>

/** No account can have a name with a space. */
const withoutAccount = (name: string): Actor => ({
  name,
  accountId: null,
  tokenId: null,
  network: null,
})

/** Who is at work where no request is: whoever may run commands on the machine. */
export const COMMAND_LINE = withoutAccount('command line')
export const SERVER = withoutAccount('the server')

export interface AuditEntry {
  action: AuditAction
  /** `media:12`, `account:bob`, `token:3` */
  subject?: string
  detail?: Readonly<Record<string, unknown>>
}

export const accountSubject = (username: string) => `account:${username}`
export const mediaSubject = (id: number) => `media:${id}`

/**
 * Adds a row to the trail, in the transaction of what it tells of: neither is ever there without the
 * other. Call it within `database.write`, so that times and ids grow together.
 */
export async function recordAudit(
  trx: Queries,
  by: Actor,
  { action, subject, detail }: AuditEntry,
  now: Milliseconds,
): Promise<void> {
  await askWithin(trx)(
    insertQuery(trx),
    now,
    action,
    by.name,
    by.accountId,
    by.tokenId,
    by.network,
    subject ?? null,
    detail === undefined ? null : JSON.stringify(detail),
  )
}

const insertQuery = buildOnce((db) => {
  const later = sql.raw(isPostgres(db) ? 'greatest' : 'max')
  const values = sql.join(Array.from({ length: 7 }, () => sql`${''}`))
  // Should the clock be set back, times stay as they were: readers and the purge rely on it.
  return sql`
    INSERT INTO audit (at, action, actor, account_id, token_id, network, subject, detail)
    VALUES (
      ${later}(${0}, coalesce((SELECT at FROM audit ORDER BY id DESC LIMIT 1), 0)), ${values}
    )`.compile(db)
})
