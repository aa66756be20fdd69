import type { FastifyBaseLogger } from 'fastify'
import { accountSubject, recordAudit } from '../audit/record.ts'
import type { Database } from '../database/database.ts'
import { createMemo } from '../database/memo.ts'
import type { Milliseconds, Queries } from '../database/tables.ts'
import type { User } from './identify.ts'
import {
  LAST_USE_PRECISION_MS,
  ROTATION_GRACE_MS,
  SESSION_IDLE_MS,
  SESSION_LIFETIME_MS,
} from './lifetimes.ts'
import { permissions } from './permissions.ts'
import { hashToken, isToken } from './refresh-tokens.ts'
import { endSessions } from './sessions.ts'

/** Who makes a request, as the database says at that moment. */
export interface SignedIn extends User {
  id: number
  sessionId: string
  /** As long as nothing changes in the database, the same lookup finds the same until then. */
  sameUntil?: Milliseconds
}

/** Finds out who makes a request; a lookup costs one query, and none while nothing has changed. */
export interface SessionLookup {
  /**
   * By refresh token. A replay of a replaced token ends its session.
   * @param network where the request comes from; see `networkOf`
   */
  byToken(token: string, network: string): Promise<SignedIn | undefined>
  /** By what a verified access token says. */
  byId(sessionId: string, userId: number, network: string): Promise<SignedIn | undefined>
}

/** More than are signed in at a time. */
const MAX_REMEMBERED = 1000

/** @param log is told where a use cannot be recorded: on a full disk, people can still look */
export function createSessionLookup(
  database: Database,
  log: Pick<FastifyBaseLogger, 'error'>,
): SessionLookup {
  const byHash = compileTokenQuery(database.read)
  const bySession = compileSessionQuery(database.read)
  const tokenMemo = createMemo<readonly TokenRow[]>(database, MAX_REMEMBERED)
  const sessionMemo = createMemo<readonly SessionRow[]>(database, MAX_REMEMBERED)

  const logFault = (error: unknown) =>
    log.error({ err: error }, 'The use of a session could not be recorded')

  return {
    async byToken(text, network) {
      if (!isToken(text)) return undefined
      const hash = hashToken(text)
      const rows = await tokenMemo.read(hash, () => database.ask(byHash, hash))
      const [token] = rows
      const now = await database.now()
      const session = findLive(rows, now)
      if (token === undefined || session === undefined) return undefined
      const succeededAt = token.successor_first_used_at
      if (succeededAt !== null && now - succeededAt > ROTATION_GRACE_MS) {
        // Two hold tokens of this session, and one of them stole his; nobody can tell which.
        await database.write(async (trx) => {
          await endSessions(trx, { sessionId: token.session_id }, now)
          const nobody = { name: null, accountId: null, tokenId: null, network }
          const subject = accountSubject(session.user.username)
          await recordAudit(trx, nobody, { action: 'session-replayed', subject }, now)
        })
        return undefined
      }
      if (token.first_used_at === null || isStale(session, now)) {
        await recordUse(database, token.session_id, now, network, hash).catch(logFault)
      }
      const graceUntil = succeededAt === null ? Infinity : succeededAt + ROTATION_GRACE_MS
      const sameUntil = Math.min(
        session.lastUsedAt + LAST_USE_PRECISION_MS,
        session.endsAt,
        graceUntil,
      )
      return { ...session.user, sameUntil }
    },

    async byId(sessionId, userId, network) {
      const now = await database.now()
      const rows = await sessionMemo.read(sessionId, () => database.ask(bySession, sessionId))
      const session = findLive(rows, now)
      if (session?.user.id !== userId) return undefined
      if (isStale(session, now)) {
        await recordUse(database, sessionId, now, network).catch(logFault)
      }
      return session.user
    },
  }
}

/** @param rows of one session, one for each permission */
function findLive(rows: readonly SessionRow[], now: Milliseconds) {
  const [session] = rows
  if (session === undefined || session.disabled === 1 || session.ended_at !== null) return undefined
  const { created_at, last_used_at } = session
  const endsAt = Math.min(created_at + SESSION_LIFETIME_MS, last_used_at + SESSION_IDLE_MS)
  if (now >= endsAt) return undefined

  const allowed = new Set(rows.map((row) => row.permission))
  const user: SignedIn = {
    id: session.user_id,
    username: session.username,
    roles: [...new Set(rows.map((row) => row.role))].filter((role) => role !== null),
    permissions: permissions.filter((permission) => allowed.has(permission)),
    sessionId: session.session_id,
  }
  return { user, lastUsedAt: last_used_at, endsAt }
}

const isStale = ({ lastUsedAt }: { lastUsedAt: Milliseconds }, now: Milliseconds) =>
  now - lastUsedAt > LAST_USE_PRECISION_MS

/** The conditions make parallel requests write once between them. */
async function recordUse(
  database: Database,
  sessionId: string,
  now: Milliseconds,
  network: string,
  tokenHash?: string,
): Promise<void> {
  await database.writeBeside(async (trx) => {
    await trx
      .updateTable('sessions')
      .set({ last_used_at: now, network })
      .where('id', '=', sessionId)
      .where('last_used_at', '<', now - LAST_USE_PRECISION_MS)
      .execute()
    if (tokenHash === undefined) return
    await trx
      .updateTable('refresh_tokens')
      .set({ first_used_at: now })
      .where('hash', '=', tokenHash)
      .where('first_used_at', 'is', null)
      .execute()
  })
}

/** A row for each permission. */
type SessionRow = Awaited<ReturnType<ReturnType<typeof selectSessions>['execute']>>[number]

const selectSessions = (db: Queries) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
    .leftJoin('role_permissions', 'role_permissions.role', 'user_roles.role')
    .select([
      'sessions.id as session_id',
      'sessions.user_id',
      'sessions.created_at',
      'sessions.last_used_at',
      'sessions.ended_at',
      'users.username',
      'users.disabled',
      'user_roles.role',
      'role_permissions.permission',
    ])

const compileSessionQuery = (db: Queries) =>
  selectSessions(db).where('sessions.id', '=', '').compile()

type TokenRow = Awaited<ReturnType<ReturnType<typeof selectTokens>['execute']>>[number]

const selectTokens = (db: Queries) =>
  selectSessions(db)
    .innerJoin('refresh_tokens', 'refresh_tokens.session_id', 'sessions.id')
    .leftJoin('refresh_tokens as successors', 'successors.hash', 'refresh_tokens.successor_hash')
    .select(['refresh_tokens.first_used_at', 'successors.first_used_at as successor_first_used_at'])

const compileTokenQuery = (db: Queries) =>
  selectTokens(db).where('refresh_tokens.hash', '=', '').compile()
