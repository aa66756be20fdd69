import { randomUUID } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { KNOWN_ADDRESS_MS, SESSION_IDLE_MS, SESSION_LIFETIME_MS } from './lifetimes.ts'
import { createToken } from './refresh-tokens.ts'

export interface NewSession {
  userId: number
  sessionId: string
  /** Its first refresh token. */
  token: string
  endsAt: Milliseconds
}

/** Starts a session within the transaction and makes its first refresh token. */
export async function startSession(
  trx: Queries,
  { userId, network, userAgent }: { userId: number; network: string; userAgent: string },
  now: Milliseconds,
): Promise<NewSession> {
  const sessionId = randomUUID()
  const { token, hash } = createToken()
  await trx
    .insertInto('sessions')
    .values({
      id: sessionId,
      user_id: userId,
      created_at: now,
      last_used_at: now,
      ended_at: null,
      network,
      user_agent: userAgent,
    })
    .execute()
  await trx
    .insertInto('refresh_tokens')
    .values({
      hash,
      session_id: sessionId,
      issued_at: now,
      first_used_at: null,
      successor_hash: null,
      successor_sealed: null,
    })
    .execute()
  return { userId, sessionId, token, endsAt: now + SESSION_LIFETIME_MS }
}

/**
 * Ends one session, all sessions of a user, or all of a user except one.
 * @returns how many had not ended before
 */
export async function endSessions(
  trx: Queries,
  { sessionId, userId, except }: SessionsOf,
  now: Milliseconds,
): Promise<number> {
  let live = trx.updateTable('sessions').set({ ended_at: now }).where('ended_at', 'is', null)
  if (sessionId !== undefined) live = live.where('id', '=', sessionId)
  if (userId !== undefined) live = live.where('user_id', '=', userId)
  if (except !== undefined) live = live.where('id', '!=', except)
  const { numUpdatedRows } = await live.executeTakeFirst()
  return Number(numUpdatedRows)
}

type SessionsOf =
  | { sessionId: string; userId?: number; except?: never }
  | { userId: number; sessionId?: never; except?: string }

/**
 * Deletes the refresh tokens of sessions that are over. The sessions themselves are deleted later: until
 * `KNOWN_ADDRESS_MS` after their last use they show which addresses are known (see `throttle.ts`).
 */
export async function purgeExpired(database: Database): Promise<void> {
  const now = await database.now()
  await database.write(async (trx) => {
    await trx
      .deleteFrom('sessions')
      .where('last_used_at', '<', now - Math.max(KNOWN_ADDRESS_MS, SESSION_IDLE_MS))
      .execute()
    await trx
      .deleteFrom('refresh_tokens')
      .where('session_id', 'in', (sessions) =>
        sessions
          .selectFrom('sessions')
          .select('id')
          .where((where) =>
            where.or([
              where('ended_at', 'is not', null),
              where('created_at', '<=', now - SESSION_LIFETIME_MS),
              where('last_used_at', '<=', now - SESSION_IDLE_MS),
            ]),
          ),
      )
      .execute()
  })
}
