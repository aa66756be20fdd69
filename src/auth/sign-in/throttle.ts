import { createHash } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { KNOWN_ADDRESS_MS } from '../session/lifetimes.ts'

/*
 * Failed sign-ins are counted in windows of a quarter of an hour. The counts are in the database, so that all
 * processes share them. Each limit stops one kind of attack:
 *
 * - `PER_PAIR`: one address guesses at one account;
 * - `PER_ADDRESS`: one address tries one password on many accounts, or on unknown names;
 * - `PER_ACCOUNT`: many addresses guess at one account.
 *
 * An attacker could use `PER_ACCOUNT` to lock the owner out. So it neither counts nor limits sign-ins from
 * addresses that the account was lately used from: failures at other addresses do not affect the owner at home.
 * Two cases remain: an attacker at the owner's own address, and an owner at a new address during an attack. There
 * the owner must wait for the end of the window.
 *
 * A change of the password comes from a signed-in user, so the account was lately used from every address that
 * sends one. Guesses at the current password therefore have a count of their own, over all addresses.
 */
/** `code` of the error. */
export const TOO_MANY = 'too-many-requests'

const WINDOW_MS = 15 * 60_000
const PER_PAIR = 10
const PER_ADDRESS = 50
const PER_ACCOUNT = 20

/** Keys of the counts that include an attempt, until `giveBackAttempt` takes it out of them. */
export type Reservation = readonly string[]

/**
 * Counts an attempt as failed before the password is checked. Otherwise parallel guesses would all pass before
 * the first one fails.
 *
 * @param username normalised; an unknown name is counted in the same way
 * @param network see `networkOf`
 * @throws AppError 429 "Too many requests." with `Retry-After`; the attempt is then not counted
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

    // Users sometimes type the password into the field of the name, so only a hash of the name is stored.
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

/** Whether the account was lately used from the address of the attempt. */
export const isOfKnown = (reservation: Reservation): boolean =>
  !reservation.some((key) => key.startsWith('account '))

/** Takes an attempt out of the counts: the password was right, or it was never checked. */
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
