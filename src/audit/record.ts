import { sql, type Transaction } from 'kysely'
import type { Database } from '../database/database.ts'
import { isPostgres } from '../database/engine.ts'
import { type Parameter, prepare, runIn } from '../database/prepared.ts'
import type { Milliseconds, Queries, Tables } from '../database/tables.ts'

/** All actions that the trail records. */
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
  'media-trashed',
  'media-restored',
  'media-merged',
  'tag-renamed',
  'tag-removed',
  'media-deleted',
  'media-replaced',
  'version-restored',
  'version-deleted',
  'media-collected',
  'collection-added',
  'collection-changed',
  'collection-deleted',
  'preset-saved',
  'preset-deleted',
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

/** The author of a change, and its address. */
export interface Actor {
  /** Name of the account; null if unknown. */
  name: string | null
  accountId: string | null
  /** Id of the personal token, if one is used. */
  tokenId: number | null
  /** Address; see `networkOf` in `auth/actor.ts`. */
  network: string | null
  /** Set if a request makes the change; see `writeAs`. */
  permit?: Permit | undefined
}

/** @throws AppError 401 or 403 if the actor may no longer make the change */
export type Permit = (db: Queries, now: Milliseconds) => Promise<void>

/** The name contains a space, so no account can have it. */
const withoutAccount = (name: string): Actor => ({
  name,
  accountId: null,
  tokenId: null,
  network: null,
})

/** Actors without a request: commands that are run on the machine, and the server itself. */
export const COMMAND_LINE = withoutAccount('command line')
export const SERVER = withoutAccount('the server')

export interface AuditEntry {
  action: AuditAction
  /** `media:12`, `account:bob`, `token:3`, `preset:hero` */
  subject?: string
  detail?: Readonly<Record<string, unknown>>
}

export const accountSubject = (username: string) => `account:${username}`
export const mediaSubject = (id: number) => `media:${id}`

/**
 * Adds a row to the trail, in the transaction of the change that it records, so that neither exists without the
 * other. Call it within `database.write`, so that times and ids grow together.
 */
export async function recordAudit(
  trx: Queries,
  by: Actor,
  { action, subject, detail }: AuditEntry,
  now: Milliseconds,
): Promise<void> {
  await runIn(
    trx,
    insertEntry,
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

type Text = Parameter<string | null>

const insertEntry = prepare(
  (
    db,
    now: Parameter<number>,
    action: Parameter<string>,
    actor: Text,
    accountId: Text,
    tokenId: Parameter<number | null>,
    network: Text,
    subject: Text,
    detail: Text,
  ) => {
    const later = sql.raw(isPostgres(db) ? 'greatest' : 'max')
    // If the clock is set back, the last time is repeated: readers and the purge need times that never decrease.
    return sql`
      INSERT INTO audit (at, action, actor, account_id, token_id, network, subject, detail)
      VALUES (
        ${later}(${now}, coalesce((SELECT at FROM audit ORDER BY id DESC LIMIT 1), 0)), ${action},
        ${actor}, ${accountId}, ${tokenId}, ${network}, ${subject}, ${detail}
      )`.compile(db)
  },
)

/**
 * Like `database.write`, but checks session and permission of the caller first, inside the transaction. The
 * caller may have been signed out or disabled, or may have lost the permission, since the request began.
 *
 * @throws AppError 401 "Unauthorized", 403 "Forbidden", and nothing is written
 */
export async function writeAs<T>(
  database: Pick<Database, 'now' | 'write'>,
  by: Actor,
  work: (transaction: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  const now = await database.now()
  return database.write(async (trx) => {
    await by.permit?.(trx, now)
    return work(trx)
  })
}
