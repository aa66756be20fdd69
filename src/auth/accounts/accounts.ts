import {
  type Actor,
  type AuditEntry,
  accountSubject,
  COMMAND_LINE,
  recordAudit,
  SERVER,
} from '../../audit/record.ts'
import { writeAs } from '../../audit/write-as.ts'
import { AppError, parametersInvalid, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Flag, Milliseconds, Queries } from '../../database/tables.ts'
import { endSessions } from '../session/sessions.ts'
import { checkPassword, generatePassword, hashPassword } from '../sign-in/passwords.ts'
import { revokeApiTokens } from '../tokens/api-tokens.ts'
import { findUser, normalizeUsername, requireUser, type User, type Who } from './find-user.ts'

const FIRST_ADMIN = 'admin'

/*
 * Whoever changes an account is named in the audit trail. Where nobody is, it is a command.
 */

export interface NewAccount {
  username: string
  password: string
  role: string
}

/**
 * @returns its id
 * @throws AppError if the username or password is not acceptable, the name is taken, or there is no
 * such role
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
 * @param password one is generated if it is undefined
 * @param keep told the generated password before the account is there, so that no crash loses it
 * @returns the generated password, to be shown once
 * @throws AppError if the password is not acceptable
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
    // In the transaction: of two processes that start, only the one that makes the account keeps.
    if (password === undefined) await keep(chosen)
    await insertUser(trx, { name: FIRST_ADMIN, passwordHash, role: 'admin' }, SERVER, now)
    return true
  })
  return created && password === undefined ? chosen : undefined
}

/** Ends all sessions and personal tokens of that user: somebody else may have made them. */
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

/** Gives the user this role alone; it holds from the next request on. */
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

/** A disabled user cannot sign in, and all sessions and personal tokens end for good. */
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

/** Removes the user and all sessions and personal tokens; the id is never given to another. */
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

/** Changes an account and records what `change` says that it did, in one transaction. */
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
 * Called before an account loses its power. Without an administrator nobody could make another.
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
