import { randomUUID } from 'node:crypto'
import { type Actor, accountSubject, recordAudit, writeAs } from '../../audit/record.ts'
import { AppError, unauthorized } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { SignedIn } from '../session/session-lookup.ts'
import { endSessions } from '../session/sessions.ts'
import type { PasswordCheck } from './password-check.ts'
import { checkPassword, hashPassword } from './passwords.ts'
import { giveBackAttempt, reserveAttempt } from './throttle.ts'

/**
 * Changes the password of the signed-in user, who must give the current one. All other sessions of the account
 * end; personal tokens stay valid.
 *
 * @throws AppError 400 "Invalid parameters" for a password that is not acceptable,
 *   403 "Invalid credentials", 429 "Too many requests.", 503 "Service busy"
 */
export type ChangePassword = (
  user: SignedIn,
  passwords: { currentPassword: string; password: string },
  by: Actor & { network: string },
) => Promise<void>

export function createChangePassword(
  database: Database,
  check: PasswordCheck,
  trail: Recorder,
): ChangePassword {
  return async ({ id, username, sessionId }, { currentPassword, password }, by) => {
    checkPassword(password)
    const reservation = await reserveAttempt(database, username, by.network, 'change the password')
    const user = await database.read
      .selectFrom('users')
      .select('password_hash')
      .where('id', '=', id)
      .executeTakeFirst()
    if (user === undefined) throw unauthorized('The account has just been removed.')
    const current = await check(currentPassword, user.password_hash, true).catch(
      async (error: unknown) => {
        await database.write((trx) => giveBackAttempt(trx, reservation))
        throw error
      },
    )
    const now = await database.now()
    const subject = accountSubject(username)
    if (current === undefined) {
      trail.add(randomUUID(), (trx) =>
        recordAudit(trx, by, { action: 'password-change-failed', subject }, now),
      )
      throw wrongPassword()
    }

    const passwordHash = await hashPassword(password)
    const changed = await writeAs(database, by, async (trx) => {
      // The password may have been reset, or the account disabled, since the hash was read.
      const { numUpdatedRows } = await trx
        .updateTable('users')
        .set({ password_hash: passwordHash })
        .where('id', '=', id)
        .where('password_hash', '=', user.password_hash)
        .where('disabled', '=', 0)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      await giveBackAttempt(trx, reservation)
      const ended = await endSessions(trx, { userId: id, except: sessionId }, now)
      await recordAudit(
        trx,
        by,
        { action: 'password-changed', subject, detail: { sessionsEnded: ended } },
        now,
      )
      return true
    })
    if (!changed) throw wrongPassword()
  }
}

/** Not 401, because the user is signed in and stays signed in. */
const wrongPassword = () =>
  new AppError('password-wrong', 403, 'Invalid credentials', {
    detail: 'currentPassword is not the password of this account.',
  })
