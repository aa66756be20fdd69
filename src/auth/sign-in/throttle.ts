import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { KNOWN_ADDRESS_MS } from '../session/lifetimes.ts'

/*
 * Failed sign-ins are counted in windows of a quarter of an hour, in the database, so that all
 * processes count together. What stands against what:
 *
 * - one address guessing at one account: `PER_PAIR`;
 * - one address trying one password on many accounts, or names that nobody has: `PER_ADDRESS`;
 * - many addresses guessing at one account: `PER_ACCOUNT`.
 *
 * The last is also the way to lock somebody out, so it does not count, nor hold, for addresses that
 * the account was lately signed in from: whoever fails on purpose elsewhere takes nothing from the
 * owner at home. What remains: an attacker at the owner's own address, and an owner who comes from a
 * new address during an attack. Both must wait for the window's end.
 *
 * Who changes a password is signed in, so every address that he comes from is one that the account
 * was lately used from: guesses at the current one are counted by themselves, whatever the address.
 */
/** Code of the error. */
export const TOO_MANY = 'too-many-requests'

const WINDOW_MS = 15 * 60_000
const PER_PAIR = 10
const PER_ADDRESS = 50
const PER_ACCOUNT = 20

/** What an attempt is counted under until it turns out to be a good one. */
export type Reservation = readonly string[]

/**
 * Counts an attempt to sign in as failed, before the password is looked at: otherwise guesses in
 * parallel would all pass before the first one fails.
 *
 * @param username as looked up; that nobody has it makes no difference
 * @param network see `networkOf`
 * @throws AppError 429 "Too many requests." with `Retry-After`, and counts nothing
 */
export async function reserveAttempt(
  database: Database,
  username: string,
  network: string,
  to: 'sign in' | 'change the password' = 'sign in',
): Promise<Reservation> {
  const now = await database.now()
  return database.write(async (trx) => {
    await trx
      .deleteFrom('login_attempts')
      .where('window_started_at', '<=', now - WINDOW_MS)
      .execute()

    // People type their password where the name belongs; it must not be kept in clear.
    const account = createHash('sha256').update(username).digest('hex')
    const limits: [key: string, limit: number][] = [
      [`address ${network}`, PER_ADDRESS],
      [`pair ${account} ${network}`, PER_PAIR],
    ]
    if (to === 'change the password') {
      limits.unshift([`change ${account}`, PER_ACCOUNT])
    } else if (!(await isKnown(trx, username, network, now))) {
      limits.unshift([`account ${account}`, PER_ACCOUNT])
    }

    let freeAt = now
    for (const [key, limit] of limits) {
      const { failures, window_started_at } = await countFailure(trx, key, now)
      if (failures > limit) freeAt = Math.max(freeAt, window_started_at + WINDOW_MS)
    }
    if (freeAt > now) throw tooManyAttempts(freeAt - now)
    return limits.map(([key]) => key)
  })
}

/** Whether the account was lately signed in from the address of the attempt. */
export const isOfKnown = (reservation: Reservation): boolean =>
  !reservation.some((key) => key.startsWith('account '))

/** Takes a reservation back: the sign-in was a good one, or its password was never looked at. */
export async function giveBackAttempt(trx: Queries, reservation: Reservation): Promise<void> {
  await trx
    .updateTable('login_attempts')
    .set((row) => ({ failures: row('failures', '-', 1) }))
    .where('key', 'in', reservation)
    .execute()
  await trx
    .deleteFrom('login_attempts')
    .where('key', 'in', reservation)
    .where('failures', '<=', 0)
    .execute()
}

const countFailure = (trx: Queries, key: string, now: Milliseconds) =>
  trx
    .insertInto('login_attempts')
    .values({ key, failures: 1, window_started_at: now })
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet((row) => ({ failures: row('login_attempts.failures', '+', 1) })),
    )
    .returning(['failures', 'window_started_at'])
    .executeTakeFirstOrThrow()

async function isKnown(
  trx: Queries,
  username: string,
  network: string,
  now: Milliseconds,
): Promise<boolean> {
  const session = await trx
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.id')
    .where('users.username', '=', username)
    .where('sessions.network', '=', network)
    .where('sessions.last_used_at', '>', now - KNOWN_ADDRESS_MS)
    .limit(1)
    .executeTakeFirst()
  return session !== undefined
}

function tooManyAttempts(waitMs: number): AppError {
  const seconds = Math.ceil(waitMs / 1000)
  return new AppError(TOO_MANY, 429, 'Too many requests.', {
    detail: `Too many passwords were wrong; try again in ${seconds} seconds.`,
    headers: { 'retry-after': String(seconds) },
  })
}
