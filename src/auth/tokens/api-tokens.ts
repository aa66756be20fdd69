import { hash, randomBytes } from 'node:crypto'
import {
  type Actor,
  accountSubject,
  COMMAND_LINE,
  recordAudit,
  writeAs,
} from '../../audit/record.ts'
import { AppError, parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { isBlank } from '../../base/fold.ts'
import type { Database } from '../../database/database.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { requireUser, type Who } from '../accounts/find-user.ts'
import { isPermission, type Permission, permissions } from '../permissions.ts'

/*
 * A personal token lets a script act for an account without a sign-in. It is 256 random bits; the database stores
 * only their SHA-256. It allows only what both the token and, at that moment, its account may do. It never allows
 * the management of accounts, so that a leaked token cannot be turned into lasting access.
 */

/** Secret scanners recognise this prefix and find tokens that were committed by mistake. */
export const TOKEN_PREFIX = 'vitrine_'
const TOKEN_BYTES = 32
const MAX_NAME = 100
/** Limited, so that a forgotten token expires by itself. */
export const MAX_TOKEN_DAYS = 365
/** Per account, including expired tokens. */
const MAX_TOKENS = 100
const DAY_MS = 24 * 3600 * 1000

/** Permissions that a token can have. */
export const tokenPermissions = permissions.filter((name) => !name.startsWith('manage-'))

export interface ApiToken {
  id: number
  /** Name of its account. */
  username: string
  name: string
  permissions: Permission[]
  createdAt: Milliseconds
  expiresAt: Milliseconds
  lastUsedAt: Milliseconds | null
}

export interface NewApiToken {
  name: string
  permissions: readonly string[]
  /** Lifetime in days, 1 to 365. */
  days: number
}

export const hashApiToken = (token: string) => hash('sha256', token)

/**
 * Creates a personal token.
 *
 * @returns also the token itself, which cannot be read again later
 * @throws AppError 400 if a field is not valid or the account lacks one of the permissions;
 *   404 "User not found"; 409 "Too many tokens"
 */
export async function createApiToken(
  database: Database,
  who: Who,
  fields: NewApiToken,
  by: Actor = COMMAND_LINE,
): Promise<ApiToken & { token: string }> {
  const name = readTokenName(fields.name)
  const wanted = readTokenPermissions(fields.permissions)
  const { days } = fields
  if (!Number.isInteger(days) || days < 1 || days > MAX_TOKEN_DAYS) {
    throw parametersInvalid(
      `days is ${quote(days)}; it must be a whole number from 1 to ${MAX_TOKEN_DAYS}.`,
    )
  }
  const token = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
  const createdAt = await database.now()
  const expiresAt = createdAt + days * DAY_MS
  return writeAs(database, by, async (trx) => {
    const user = await requireUser(trx, who)
    if (user.disabled === 1) {
      throw parametersInvalid(`The account "${user.username}" is disabled; enable it first.`)
    }
    await requireAllowed(trx, user, wanted)
    await requireRoom(trx, user)
    const { id } = await trx
      .insertInto('api_tokens')
      .values({
        user_id: user.id,
        name,
        hash: hashApiToken(token),
        permissions: wanted.join(' '),
        created_at: createdAt,
        expires_at: expiresAt,
        last_used_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const detail = {
      token: id,
      name,
      permissions: wanted,
      expires: new Date(expiresAt).toISOString(),
    }
    const subject = accountSubject(user.username)
    await recordAudit(trx, by, { action: 'token-created', subject, detail }, createdAt)
    const { username } = user
    return {
      id,
      username,
      name,
      permissions: wanted,
      createdAt,
      expiresAt,
      lastUsedAt: null,
      token,
    }
  })
}

/**
 * The tokens of an account, or of all accounts; newest first.
 * @throws AppError 404 "User not found"
 */
export async function listApiTokens(database: Database, who?: Who): Promise<ApiToken[]> {
  const user = who === undefined ? undefined : await requireUser(database.read, who)
  let query = database.read
    .selectFrom('api_tokens')
    .innerJoin('users', 'users.id', 'api_tokens.user_id')
    .select([
      'api_tokens.id',
      'users.username',
      'api_tokens.name',
      'api_tokens.permissions',
      'api_tokens.created_at',
      'api_tokens.expires_at',
      'api_tokens.last_used_at',
    ])
    .orderBy('api_tokens.id', 'desc')
  if (user !== undefined) query = query.where('api_tokens.user_id', '=', user.id)
  return (await query.execute()).map((row) => ({
    id: row.id,
    username: row.username,
    name: row.name,
    permissions: row.permissions.split(' ').filter(isPermission),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  }))
}

/**
 * Revokes a token. If `who` is given, it must belong to that account.
 * @throws AppError 404 "Token not found", "User not found"
 */
export async function revokeApiToken(
  database: Database,
  { id, who }: { id: number; who?: Who },
  by: Actor = COMMAND_LINE,
): Promise<void> {
  const now = await database.now()
  await writeAs(database, by, async (trx) => {
    const owner = who === undefined ? undefined : await requireUser(trx, who)
    let query = trx.deleteFrom('api_tokens').where('id', '=', id)
    if (owner !== undefined) query = query.where('user_id', '=', owner.id)
    const row = await query.returning(['user_id', 'name']).executeTakeFirst()
    if (row === undefined) {
      throw new AppError('token-not-found', 404, 'Token not found', {
        detail: `There is no token with id ${id}${owner ? ' of this account' : ''}.`,
      })
    }
    const user = owner ?? (await requireUser(trx, row.user_id))
    const detail = { token: id, name: row.name }
    const subject = accountSubject(user.username)
    await recordAudit(trx, by, { action: 'token-revoked', subject, detail }, now)
  })
}

/** Revokes all tokens of a user. It records nothing: the caller records the change that this is a part of. */
export async function revokeApiTokens(
  trx: Queries,
  { userId }: { userId: number },
): Promise<number> {
  const { numDeletedRows } = await trx
    .deleteFrom('api_tokens')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

function readTokenName(text: string): string {
  const name = text.trim().normalize('NFC')
  if (isBlank(name)) throw parametersMissing('name is blank; say what the token is for.')
  const length = [...name].length
  if (length > MAX_NAME) {
    throw parametersInvalid(`name has ${length} characters; at most ${MAX_NAME} are allowed.`)
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw parametersInvalid('name holds a control character or half of a surrogate pair.')
  }
  return name
}

function readTokenPermissions(names: readonly string[]): Permission[] {
  const wrong = names.find((name) => !tokenPermissions.some((known) => known === name))
  if (wrong !== undefined) {
    throw parametersInvalid(
      `permissions holds ${quote(wrong)}; a token may have ${tokenPermissions.join(', ')}.`,
    )
  }
  if (names.length === 0) throw parametersMissing('permissions is empty; a token needs one.')
  return tokenPermissions.filter((permission) => names.includes(permission))
}

async function requireAllowed(
  trx: Queries,
  user: { id: number; username: string },
  wanted: readonly Permission[],
): Promise<void> {
  const rows = await trx
    .selectFrom('user_roles')
    .innerJoin('role_permissions', 'role_permissions.role', 'user_roles.role')
    .select('role_permissions.permission')
    .where('user_roles.user_id', '=', user.id)
    .execute()
  const excess = wanted.find((name) => !rows.some(({ permission }) => permission === name))
  if (excess === undefined) return
  throw parametersInvalid(
    `permissions holds "${excess}", which the account "${user.username}" does not have itself.`,
  )
}

async function requireRoom(trx: Queries, user: { id: number; username: string }): Promise<void> {
  const { count } = await trx
    .selectFrom('api_tokens')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', user.id)
    .executeTakeFirstOrThrow()
  if (count < MAX_TOKENS) return
  throw new AppError('too-many-tokens', 409, 'Too many tokens', {
    detail: `The account "${user.username}" has ${count} tokens; revoke one that is not used.`,
  })
}
