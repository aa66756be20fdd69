import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import type { User } from '../identify.ts'
import { permissions } from '../permissions.ts'
import { LAST_USE_PRECISION_MS } from '../session/lifetimes.ts'
import { hashApiToken } from './api-tokens.ts'

/** `code` of the error. */
export const TOKEN_REFUSED = 'token-refused'

/**
 * Finds the account and the permissions of a personal token. Reads them anew for each request, with one query.
 *
 * @throws AppError 401 "Unauthorized" if it is unknown, revoked or expired, or its account disabled
 */
export function createApiTokenLookup(
  database: Database,
  uses: Recorder,
): (token: string) => Promise<User> {
  return async (token) => {
    const hash = hashApiToken(token)
    const rows = await database.run(findApiToken, hash)
    const [row] = rows
    const now = await database.now()
    if (row === undefined || !isGood(row, now)) throw refused()

    if (row.last_used_at === null || now - row.last_used_at > LAST_USE_PRECISION_MS) {
      recordUse(uses, row.id, now)
    }
    return {
      id: row.user_id,
      username: row.username,
      roles: [...new Set(rows.map(({ role }) => role))].filter((role) => role !== null),
      permissions: allowedBy(rows),
      tokenId: row.id,
      again: async (db, now) => {
        const rows = await runIn(db, findApiToken, hash)
        if (!isGood(rows[0], now)) throw refused()
        return allowedBy(rows)
      },
    }
  }
}

type Row = Awaited<ReturnType<ReturnType<typeof selectToken>['execute']>>[number]

const isGood = (row: Row | undefined, now: Milliseconds) =>
  row !== undefined && row.disabled === 0 && row.expires_at > now

/** Permissions that both the token and its account have. */
function allowedBy(rows: readonly Row[]) {
  const given = new Set(rows[0]?.permissions.split(' '))
  const allowed = new Set(rows.map(({ permission }) => permission))
  return permissions.filter((name) => given.has(name) && allowed.has(name))
}

const refused = () =>
  new AppError(TOKEN_REFUSED, 401, 'Unauthorized', {
    detail: 'The personal token is not known, has expired or was revoked; make another one.',
    headers: { 'www-authenticate': 'Bearer' },
  })

/** The condition ensures that only one of several parallel requests changes the row. */
function recordUse(uses: Recorder, id: number, now: Milliseconds): void {
  uses.add(`token ${id}`, async (trx) => {
    await trx
      .updateTable('api_tokens')
      .set({ last_used_at: now })
      .where('id', '=', id)
      .where(({ or, eb }) =>
        or([eb('last_used_at', 'is', null), eb('last_used_at', '<', now - LAST_USE_PRECISION_MS)]),
      )
      .execute()
  })
}

/** One row for each permission of the account. */
const selectToken = (db: Queries) =>
  db
    .selectFrom('api_tokens')
    .innerJoin('users', 'users.id', 'api_tokens.user_id')
    .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
    .leftJoin('role_permissions', 'role_permissions.role', 'user_roles.role')
    .select([
      'api_tokens.id',
      'api_tokens.user_id',
      'api_tokens.permissions',
      'api_tokens.expires_at',
      'api_tokens.last_used_at',
      'users.username',
      'users.disabled',
      'user_roles.role',
      'role_permissions.permission',
    ])

const findApiToken = prepare((db, hash: Parameter<string>) =>
  selectToken(db).where('api_tokens.hash', '=', hash).compile(),
)
