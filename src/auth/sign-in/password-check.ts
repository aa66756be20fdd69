import { createBudget } from '../../base/budget.ts'
import { hashPassword, isOutdated, verifyPassword } from './passwords.ts'

/** Fewer than the threads that Node also reads files with, so that sign-ins do not delay the delivery of images. */
const HASHINGS_AT_ONCE = 2
/** About one second of work. */
const HASHINGS_WAITING = 50

/**
 * Compares a password with its stored hash. Only a few comparisons run at a time.
 *
 * @param isKnown whether the account was lately used from this address. Such attempts have a queue of their own
 *   and go first, so that attempts from unknown addresses, however many, cannot block them
 * @returns the hash to store, which is a new one if the cost of hashing was raised; undefined for a wrong password
 * @throws AppError 503 "Service busy" if too many wait
 */
export type PasswordCheck = (
  password: string,
  stored: string,
  isKnown: boolean,
) => Promise<string | undefined>

/** @param verify replaces the comparison of a password with its hash, for tests */
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
