import { randomUUID } from 'node:crypto'
import { type Actor, type AuditEntry, accountSubject, recordAudit } from '../../audit/record.ts'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds } from '../../database/tables.ts'
import { findUser, normalizeUsername } from '../accounts/find-user.ts'
import { type NewSession, startSession } from '../session/sessions.ts'
import { createFirstOfMinute } from './first-of-minute.ts'
import type { PasswordCheck } from './password-check.ts'
import { decoyHash } from './passwords.ts'
import { giveBackAttempt, isOfKnown, reserveAttempt, TOO_MANY } from './throttle.ts'

/**
 * Starts a session for a client that knows the password. Neither the error nor the time until it arrives shows
 * whether the name was wrong, the password was wrong or the account is disabled.
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
    // A name that is not a valid username is handled like an unknown name.
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
      // Users sometimes type the password into the field of the name, so an unknown name is not recorded.
      const subject = user && { subject: accountSubject(user.username) }
      record(nobody, { action: 'sign-in-failed', ...subject, detail: { wrong: reason } }, now)
      return invalidCredentials()
    }
    if (user === undefined) throw refuse('account')
    if (current === undefined) throw refuse('password')
    if (user.disabled === 1) throw refuse('disabled')

    const session = await database.write(async (trx) => {
      // A change of the password since it was read has ended all sessions, so no new one may start.
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

const MINUTE_MS = 60_000
/** More than typing errors cause. An attack from many addresses causes hundreds a second. */
const MAX_ROWS = 100

/**
 * Limits the rows that failed sign-ins add to the audit trail, so that an attack from many addresses does not
 * fill the disk. The first `MAX_ROWS` failures of a minute get a row each; the rest are recorded as one number.
 */
function createFailureRows() {
  let minute = 0
  let count = 0
  return {
    /** Counts a failed sign-in. Returns whether it gets a row of its own. */
    isRecorded(): boolean {
      count += 1
      return count <= MAX_ROWS
    },
    /** Number of failures of an earlier minute that got no row. Returns each number only once. */
    takeRest(now: Milliseconds): number {
      const current = Math.floor(now / MINUTE_MS)
      if (current === minute) return 0
      const rest = Math.max(0, count - MAX_ROWS)
      minute = current
      count = 0
      return rest
    },
  }
}
