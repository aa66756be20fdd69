import {
  type Actor,
  accountSubject,
  COMMAND_LINE,
  recordAudit,
  writeAs,
} from '../../audit/record.ts'
import { AppError, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Milliseconds } from '../../database/tables.ts'
import { requireUser, type Who } from '../accounts/find-user.ts'
import { SESSION_IDLE_MS, SESSION_LIFETIME_MS } from './lifetimes.ts'
import { endSessions } from './sessions.ts'

/** Limits the list, because a script that signs in for each request has very many sessions. */
const MOST_LISTED = 1000

export interface Session {
  id: string
  createdAt: Milliseconds
  lastUsedAt: Milliseconds
  /** Address of the last use; see `networkOf`. */
  network: string
  userAgent: string
}

/**
 * The live sessions of a user, most recently used first; at most 1000.
 * @throws AppError 404 "User not found"
 */
export async function listSessions(database: Database, who: Who): Promise<Session[]> {
  const { id } = await requireUser(database.read, who)
  const now = await database.now()
  const rows = await database.read
    .selectFrom('sessions')
    .select(['id', 'created_at', 'last_used_at', 'network', 'user_agent'])
    .where('user_id', '=', id)
    .where('ended_at', 'is', null)
    .where('created_at', '>', now - SESSION_LIFETIME_MS)
    .where('last_used_at', '>', now - SESSION_IDLE_MS)
    .orderBy('last_used_at', 'desc')
    .orderBy('id')
    .limit(MOST_LISTED)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    network: row.network,
    userAgent: row.user_agent,
  }))
}

/**
 * Ends one session of a user.
 * @throws AppError 404 "User not found", "Session not found"
 */
export async function endSession(
  database: Database,
  who: Who,
  sessionId: string,
  by: Actor = COMMAND_LINE,
): Promise<void> {
  const now = await database.now()
  await writeAs(database, by, async (trx) => {
    const { id, username } = await requireUser(trx, who)
    const ended = await endSessions(trx, { userId: id, sessionId }, now)
    if (ended === 0) throw sessionNotFound(sessionId)
    const entry = { action: 'session-ended', subject: accountSubject(username) } as const
    await recordAudit(trx, by, { ...entry, detail: { session: sessionId } }, now)
  })
}

/**
 * Ends all sessions of a user, or all but one.
 * @returns how many it ended
 * @throws AppError 404 "User not found"
 */
export async function endAllSessions(
  database: Database,
  who: Who,
  { except, by = COMMAND_LINE }: { except?: string; by?: Actor } = {},
): Promise<number> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const { id, username } = await requireUser(trx, who)
    const which = { userId: id, ...(except !== undefined && { except }) }
    const count = await endSessions(trx, which, now)
    const entry = { action: 'sessions-ended', subject: accountSubject(username) } as const
    await recordAudit(trx, by, { ...entry, detail: { count } }, now)
    return count
  })
}

const sessionNotFound = (id: string) =>
  new AppError('session-not-found', 404, 'Session not found', {
    detail: `This account has no live session ${quote(id)}.`,
  })
