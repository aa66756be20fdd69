import { createBudget } from '../../base/budget.ts'
import { hashPassword, isOutdated, verifyPassword } from './passwords.ts'

/** A few of the threads that Node reads files with: sign-ins must not keep images from being sent. */
const HASHINGS_AT_ONCE = 2
/** About a second's worth. */
const HASHINGS_WAITING = 50

/**
 * Compares a password with its stored hash, a few at a time.
 *
 * @param isKnown whether the account was lately signed in from this address: such have places of their own
 *   and go first, so that strangers, however many, cannot keep them out
 * @returns of a right password the hash to keep: a new one if hashing costs more by now
 * @throws AppError 503 "Service busy" if too many wait
 */
export type PasswordCheck = (
  password: string,
  stored: string,
  isKnown: boolean,
) => Promise<string | undefined>

/** @param verify for tests: what compares a password with its hash */
export function createPasswordCheck(verify = verifyPassword): PasswordCheck {
  const hashing = createBudget('signing in', HASHINGS_AT_ONCE, HASHINGS_WAITING)
  return async (password, stored, isKnown) => {
    const release = await hashing.take(1, { priority: isKnown ? 0 : 1 })
    try {
      if (!(await verify(password, stored))) return undefined
      return isOutdated(stored) ? await hashPassword(password) : stored
    } finally {
      release()
    }
  }
}
