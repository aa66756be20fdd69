import { createBudget } from '../budget.ts'
import type { Database } from '../database/database.ts'
import { AppError } from '../errors.ts'
import { findUser, normalizeUsername } from './accounts.ts'
import { decoyHash, hashPassword, isOutdated, verifyPassword } from './passwords.ts'
import { type NewSession, startSession } from './sessions.ts'
import { giveBackAttempt, reserveAttempt } from './throttle.ts'

/** A few of the threads that Node reads files with: sign-ins must not keep images from being sent. */
const HASHINGS_AT_ONCE = 2
/** About a second's worth. */
const HASHINGS_WAITING = 50

/**
 * Starts a session for who knows the password. Whether the name or the password was wrong, or the
 * account is disabled, neither the answer nor its time tells.
 *
 * @param network see `networkOf`
 * @throws AppError 401 "Invalid credentials", 429 "Too many requests.", 503 "Service busy"
 */
export type Login = (attempt: {
  username: string
  password: string
  network: string
  userAgent: string
}) => Promise<NewSession>

/** @param verify for tests: what compares a password with its hash */
export function createLogin(database: Database, verify = verifyPassword): Login {
  const hashing = createBudget('signing in', HASHINGS_AT_ONCE, HASHINGS_WAITING)
  const decoy = decoyHash()

  /** The hash to keep of a right password: a new one if hashing costs more by now. */
  async function check(password: string, stored: string): Promise<string | undefined> {
    const release = await hashing.take(1)
    try {
      if (!(await verify(password, stored))) return undefined
      return isOutdated(stored) ? await hashPassword(password) : stored
    } finally {
      release()
    }
  }

  return async ({ username, password, network, userAgent }) => {
    // A name that nobody can have takes the same way as one that nobody has.
    const name = normalizeUsername(username) ?? ''
    const reservation = await reserveAttempt(database, name, network)
    const user = await findUser(database.read, name)
    const stored = user?.password_hash ?? decoy
    const current = await check(password, stored).catch(async (error: unknown) => {
      await database.write((trx) => giveBackAttempt(trx, reservation))
      throw error
    })
    if (user === undefined || user.disabled === 1 || current === undefined) {
      throw invalidCredentials()
    }

    const now = await database.now()
    return database.write(async (trx) => {
      // The password may have been changed meanwhile, and all sessions been ended with it.
      const { numUpdatedRows } = await trx
        .updateTable('users')
        .set({ password_hash: current })
        .where('id', '=', user.id)
        .where('password_hash', '=', stored)
        .where('disabled', '=', 0)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) throw invalidCredentials()
      await giveBackAttempt(trx, reservation)
      return startSession(trx, { userId: user.id, network, userAgent }, now)
    })
  }
}

const invalidCredentials = () =>
  new AppError('invalid-credentials', 401, 'Invalid credentials', {
    detail: 'No account has this username and this password.',
    headers: { 'www-authenticate': 'Bearer' },
  })
