import type { Selectable } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Flag, Milliseconds, Queries, Tables } from '../database/tables.ts'
import { AppError, quote } from '../errors.ts'
import { checkPassword, generatePassword, hashPassword } from './passwords.ts'
import { endSessions } from './sessions.ts'

const FIRST_ADMIN = 'admin'

export interface Account {
  id: number
  username: string
  roles: string[]
  disabled: boolean
  createdAt: Milliseconds
}

/**
 * @throws AppError if the username or password is not acceptable, the name is taken, or there is no
 * such role
 */
export async function createUser(
  database: Database,
  { username, password, role }: { username: string; password: string; role: string },
): Promise<void> {
  const name = requireUsername(username)
  checkPassword(password)
  const passwordHash = await hashPassword(password)
  const now = await database.now()
  await database.write(async (trx) => {
    await requireRole(trx, role)
    if (await findUser(trx, name)) {
      throw new AppError('username-taken', 409, 'Username taken', {
        detail: `There is a user "${name}" already; choose another name.`,
      })
    }
    await insertUser(trx, name, passwordHash, role, now)
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
    await insertUser(trx, FIRST_ADMIN, passwordHash, 'admin', now)
    return true
  })
  return created && password === undefined ? chosen : undefined
}

/** In the order of their creation. */
export async function listUsers(database: Database): Promise<Account[]> {
  const rows = await database.read
    .selectFrom('users')
    .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
    .select(['id', 'username', 'disabled', 'created_at', 'role'])
    .orderBy('id')
    .orderBy('role')
    .execute()
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap((group) => {
    const [user] = group
    if (user === undefined) return []
    return {
      id: user.id,
      username: user.username,
      roles: group.map((row) => row.role).filter((role) => role !== null),
      disabled: user.disabled === 1,
      createdAt: user.created_at,
    }
  })
}

/** Ends all sessions of that user. */
export async function setPassword(
  database: Database,
  username: string,
  password: string,
): Promise<void> {
  checkPassword(password)
  const passwordHash = await hashPassword(password)
  const now = await database.now()
  await database.write(async (trx) => {
    const { id } = await requireUser(trx, username)
    await trx
      .updateTable('users')
      .set({ password_hash: passwordHash })
      .where('id', '=', id)
      .execute()
    await endSessions(trx, { userId: id }, now)
  })
}

/** Gives the user this role alone; it holds from the next request on. */
export async function setRole(database: Database, username: string, role: string): Promise<void> {
  await database.write(async (trx) => {
    await requireRole(trx, role)
    const user = await requireUser(trx, username)
    if (role !== 'admin') await requireAnotherAdmin(trx, user)
    await trx.deleteFrom('user_roles').where('user_id', '=', user.id).execute()
    await trx.insertInto('user_roles').values({ user_id: user.id, role }).execute()
  })
}

/** A disabled user cannot sign in, and all sessions end. */
export async function setDisabled(
  database: Database,
  username: string,
  disabled: boolean,
): Promise<void> {
  const now = await database.now()
  await database.write(async (trx) => {
    const user = await requireUser(trx, username)
    if (disabled) await requireAnotherAdmin(trx, user)
    const flag: Flag = disabled ? 1 : 0
    await trx.updateTable('users').set({ disabled: flag }).where('id', '=', user.id).execute()
    if (disabled) await endSessions(trx, { userId: user.id }, now)
  })
}

/** Removes the user and all sessions; the id is never given to another. */
export async function removeUser(database: Database, username: string): Promise<void> {
  await database.write(async (trx) => {
    const user = await requireUser(trx, username)
    await requireAnotherAdmin(trx, user)
    await trx.deleteFrom('users').where('id', '=', user.id).execute()
  })
}

/**
 * One name, however it is typed: trimmed, without regard to case and width.
 *
 * @returns undefined if nobody can have this name
 */
export function normalizeUsername(text: string): string | undefined {
  const name = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC')
  return /^[\p{L}\p{M}\p{N}._@-]{1,64}$/u.test(name) ? name : undefined
}

type User = Selectable<Tables['users']>

export const findUser = (db: Queries, name: string): Promise<User | undefined> =>
  db.selectFrom('users').selectAll().where('username', '=', name).executeTakeFirst()

async function hasUsers(db: Queries): Promise<boolean> {
  return (await db.selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined
}

async function insertUser(
  trx: Queries,
  username: string,
  passwordHash: string,
  role: string,
  now: Milliseconds,
): Promise<void> {
  const { id } = await trx
    .insertInto('users')
    .values({ username, password_hash: passwordHash, disabled: 0, created_at: now })
    .returning('id')
    .executeTakeFirstOrThrow()
  await trx.insertInto('user_roles').values({ user_id: id, role }).execute()
}

function requireUsername(text: string): string {
  const name = normalizeUsername(text)
  if (name === undefined) {
    throw new AppError('username-invalid', 400, 'Invalid username', {
      detail: `${quote(text)} is no username; it needs 1 to 64 letters, digits, or any of . _ - @.`,
    })
  }
  return name
}

async function requireUser(trx: Queries, username: string): Promise<User> {
  const name = normalizeUsername(username)
  const user = name === undefined ? undefined : await findUser(trx, name)
  if (user === undefined) {
    throw new AppError('user-not-found', 404, 'User not found', {
      detail: `There is no user ${quote(username)}.`,
    })
  }
  return user
}

async function requireRole(trx: Queries, role: string): Promise<void> {
  const roles = await trx.selectFrom('roles').select('name').orderBy('name').execute()
  const names = roles.map(({ name }) => name)
  if (!names.includes(role)) {
    throw new AppError('role-unknown', 400, 'Unknown role', {
      detail: `There is no role ${quote(role)}; the roles are ${names.join(', ')}.`,
    })
  }
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
