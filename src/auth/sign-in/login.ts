import { randomUUID } from 'node:crypto'
import { type Actor, type AuditEntry, accountSubject, recordAudit } from '../../audit/record.ts'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds } from '../../database/tables.ts'
import { findUser, normalizeUsername } from '../accounts/find-user.ts'
import { type NewSession, startSession } from '../session/sessions.ts'
import { createFailureRows } from './failure-rows.ts'
import { createFirstOfMinute } from './first-of-minute.ts'
import type { PasswordCheck } from './password-check.ts'
import { decoyHash } from './passwords.ts'
import { giveBackAttempt, isOfKnown, reserveAttempt, TOO_MANY } from './throttle.ts'

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

export function createLogin(database: Database, check: PasswordCheck, trail: Recorder): Login {
  const decoy = decoyHash()
  const isFirst = createFirstOfMinute()
  const failureRows = createFailureRows()
  const record = (by: Actor, entry: AuditEntry, now: Milliseconds) =>
    trail.add(randomUUID(), (trx) => recordAudit(trx, by, entry, now))

  return async ({ username, password, network, userAgent }) => {
    // A name that nobody can have takes the same way as one that nobody has.
    const name = normalizeUsername(username) ?? ''
    const nobody: Actor = { name: null, accountId: null, tokenId: null, network }
    const reservation = await reserveAttempt(database, name, network).catch(
      async (error: unknown) => {
        const now = await database.now()
        if (isTooMany(error) && isFirst(network, now)) {
          const known = await findUser(database.read, name)
          const subject = known && accountSubject(known.username)
          const entry = { action: 'sign-in-throttled', ...(subject && { subject }) } as const
          record(nobody, entry, now)
        }
        throw error
      },
    )
    const user = await findUser(database.read, name)
    const stored = user?.password_hash ?? decoy
    const current = await check(password, stored, isOfKnown(reservation)).catch(
      async (error: unknown) => {
        await database.write((trx) => giveBackAttempt(trx, reservation))
        throw error
      },
    )
    const now = await database.now()
    const more = failureRows.takeRest(now)
    if (more > 0) {
      const by = { ...nobody, network: null }
      const entry = { action: 'sign-in-failed', detail: { more } } as const
      record(by, entry, now)
    }

    const refuse = (reason: 'account' | 'disabled' | 'password' | 'changed meanwhile') => {
      if (!failureRows.isRecorded()) return invalidCredentials()
      // People type their password where the name belongs: a name that nobody has is not kept.
      const subject = user && { subject: accountSubject(user.username) }
      record(nobody, { action: 'sign-in-failed', ...subject, detail: { wrong: reason } }, now)
      return invalidCredentials()
    }
    if (user === undefined) throw refuse('account')
    if (current === undefined) throw refuse('password')
    if (user.disabled === 1) throw refuse('disabled')

    const session = await database.write(async (trx) => {
      // The password may have been changed meanwhile, and all sessions been ended with it.
      const { numUpdatedRows } = await trx
        .updateTable('users')
        .set({ password_hash: current })
        .where('id', '=', user.id)
        .where('password_hash', '=', stored)
        .where('disabled', '=', 0)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return undefined
      await giveBackAttempt(trx, reservation)
      const by = { ...nobody, name: user.username, accountId: String(user.id) }
      await recordAudit(trx, by, { action: 'signed-in', detail: { userAgent } }, now)
      return startSession(trx, { userId: user.id, network, userAgent }, now)
    })
    if (session === undefined) throw refuse('changed meanwhile')
    return session
  }
}

const isTooMany = (error: unknown) => error instanceof AppError && error.code === TOO_MANY

const invalidCredentials = () =>
  new AppError('invalid-credentials', 401, 'Invalid credentials', {
    detail: 'No account has this username and this password.',
    headers: { 'www-authenticate': 'Bearer' },
  })
