import {
  type Actor,
  type AuditEntry,
  accountSubject,
  COMMAND_LINE,
  recordAudit,
  SERVER,
  writeAs,
} from '../../audit/record.ts'
import { AppError, parametersInvalid, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Flag, Milliseconds, Queries } from '../../database/tables.ts'
import { endSessions } from '../session/sessions.ts'
import { checkPassword, generatePassword, hashPassword } from '../sign-in/passwords.ts'
import { revokeApiTokens } from '../tokens/api-tokens.ts'
import { findUser, normalizeUsername, requireUser, type User, type Who } from './find-user.ts'

const FIRST_ADMIN = 'admin'

/*
 * The audit trail names the actor of every change. Without an actor, the change comes from a command.
 */

export interface NewAccount {
  username: string
  password: string
  role: string
}

/**
 * @returns the id of the new user
 * @throws AppError if the username or password is not valid, the name is taken, or the role does not exist
 */
export async function createUser(
  database: Database,
  { username, password, role }: NewAccount,
  by: Actor = COMMAND_LINE,
): Promise<number> {
  const name = requireUsername(username)
  checkPassword(password)
  const passwordHash = await hashPassword(password)
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    await requireRole(trx, role)
    if (await findUser(trx, name)) {
      throw new AppError('username-taken', 409, 'Username taken', {
        detail: `There is a user "${name}" already; choose another name.`,
      })
    }
    return insertUser(trx, { name, passwordHash, role }, by, now)
  })
}

/**
 * Creates the user `admin` if there is no user at all.
 *
 * @param password generated if undefined
 * @param keep stores the generated password; called before the account exists, so that a crash cannot lose it
 * @returns the generated password, to be shown once; undefined if none was generated
 * @throws AppError if the password is not valid
 */
export async function ensureFirstAdmin(
  database: Database,
  password: string | undefined,
  keep: (generated: string) => Promise<void> = async () => {},
): Promise<string | undefined> {
  if (await hasUsers(database.read)) return undefined
  if (password !== undefined) checkPassword(password)
  const chosen = password ?? generatePassword()
  const passwordHash = await hashPassword(chosen)
  const now = await database.now()
  const created = await database.write(async (trx) => {
    if (await hasUsers(trx)) return false
    // In the transaction: if two processes start, only the one that creates the account calls `keep`.
    if (password === undefined) await keep(chosen)
    await insertUser(trx, { name: FIRST_ADMIN, passwordHash, role: 'admin' }, SERVER, now)
    return true
  })
  return created && password === undefined ? chosen : undefined
}

/** Ends all sessions and personal tokens of the user too, because an intruder may have created them. */
export async function setPassword(
  database: Database,
  who: Who,
  password: string,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  checkPassword(password)
  const passwordHash = await hashPassword(password)
  await changeUser(database, who, by, async (trx, { id }, now) => {
    await trx
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('id', '=', id)
      .execute()
    const detail = await endEverything(trx, id, now)
    return { action: 'password-reset', detail }
  })
}

/** Replaces all roles of the user with this one. It takes effect at the next request. */
export async function setRole(
  database: Database,
  who: Who,
  role: string,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  await changeUser(database, who, by, async (trx, user) => {
    await requireRole(trx, role)
    if (role !== 'admin') await requireAnotherAdmin(trx, user)
    const before = await trx
      .deleteFrom('user_roles')
      .where('user_id', '=', user.id)
      .returning('role')
      .execute()
    await trx.insertInto('user_roles').values({ user_id: user.id, role }).execute()
    const detail = { from: before.map((row) => row.role), to: role }
    return { action: 'role-changed', detail }
  })
}

/** A disabled user cannot sign in. Sessions and personal tokens end for good, even if the user is enabled again. */
export async function setDisabled(
  database: Database,
  who: Who,
  disabled: boolean,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  await changeUser(database, who, by, async (trx, user, now) => {
    if (disabled) await requireAnotherAdmin(trx, user)
    const flag: Flag = disabled ? 1 : 0
    await trx.updateTable('users').set({ disabled: flag }).where('id', '=', user.id).execute()
    if (!disabled) return { action: 'account-enabled' }
    return { action: 'account-disabled', detail: await endEverything(trx, user.id, now) }
  })
}

/** Removes the user with all sessions and personal tokens. The id is never used again. */
export async function removeUser(
  database: Database,
  who: Who,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  await changeUser(database, who, by, async (trx, user) => {
    await requireAnotherAdmin(trx, user)
    await trx.deleteFrom('users').where('id', '=', user.id).execute()
    return { action: 'account-removed', detail: { id: user.id } }
  })
}

/** Runs `change` and records the entry that it returns, in one transaction. */
async function changeUser(
  database: Database,
  who: Who,
  by: Actor,
  change: (trx: Queries, user: User, now: Milliseconds) => Promise<Omit<AuditEntry, 'subject'>>,
): Promise<void> {
  const now = await database.now()
  await writeAs(database, by, async (trx) => {
    const user = await requireUser(trx, who)
    const entry = await change(trx, user, now)
    await recordAudit(trx, by, { ...entry, subject: accountSubject(user.username) }, now)
  })
}

const endEverything = async (trx: Queries, userId: number, now: Milliseconds) => ({
  sessionsEnded: await endSessions(trx, { userId }, now),
  tokensRevoked: await revokeApiTokens(trx, { userId }),
})

async function hasUsers(db: Queries): Promise<boolean> {
  return (await db.selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined
}

async function insertUser(
  trx: Queries,
  { name, passwordHash, role }: { name: string; passwordHash: string; role: string },
  by: Actor,
  now: Milliseconds,
): Promise<number> {
  const { id } = await trx
    .insertInto('users')
    .values({ username: name, password_hash: passwordHash, disabled: 0, created_at: now })
    .returning('id')
    .executeTakeFirstOrThrow()
  await trx.insertInto('user_roles').values({ user_id: id, role }).execute()
  const subject = accountSubject(name)
  await recordAudit(trx, by, { action: 'account-created', subject, detail: { id, role } }, now)
  return id
}

function requireUsername(text: string): string {
  const name = normalizeUsername(text)
  if (name !== undefined) return name
  throw parametersInvalid(
    `${quote(text)} is no username; it needs 1 to 64 letters, digits, or any of . _ - @.`,
  )
}

async function requireRole(trx: Queries, role: string): Promise<void> {
  const roles = await trx.selectFrom('roles').select('name').orderBy('name').execute()
  const names = roles.map(({ name }) => name)
  if (names.includes(role)) return
  throw parametersInvalid(`There is no role ${quote(role)}; the roles are ${names.join(', ')}.`)
}

/**
 * Called before an account can lose its administrator rights. Without an administrator, no user could appoint one.
 *
 * @throws AppError 409 if this is the only enabled administrator
 */
async function requireAnotherAdmin(trx: Queries, user: User): Promise<void> {
  const admins = await trx
    .selectFrom('users')
    .innerJoin('user_roles', 'user_roles.user_id', 'users.id')
    .select('users.id')
    .where('user_roles.role', '=', 'admin')
    .where('users.disabled', '=', 0)
    .execute()
  if (admins.length === 1 && admins[0]?.id === user.id) {
    throw new AppError('last-admin', 409, 'Last administrator', {
      detail: `"${user.username}" is the last enabled administrator; make another one first.`,
    })
  }
}
