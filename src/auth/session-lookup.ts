import type { FastifyBaseLogger } from 'fastify'
import type { CompiledQuery } from 'kysely'
import { accountSubject, recordAudit } from '../audit/record.ts'
import type { Database } from '../database/database.ts'
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
}

/** Finds out who makes a request; each lookup costs one or two queries by primary key. */
export interface SessionLookup {
  /**
   * By refresh token. A replay of a replaced token ends its session.
   * @param network where the request comes from; see `networkOf`
   */
  byToken(token: string, network: string): Promise<SignedIn | undefined>
  /** By what a verified access token says. */
  byId(sessionId: string, userId: number, network: string): Promise<SignedIn | undefined>
}

/** @param log is told where a use cannot be recorded: on a full disk, people can still look */
export function createSessionLookup(
  database: Database,
  log: Pick<FastifyBaseLogger, 'error'>,
): SessionLookup {
  const tokenQuery = compileTokenQuery(database.read)
  const sessionQuery = compileSessionQuery(database.read)

  const logFault = (error: unknown) =>
    log.error({ err: error }, 'The use of a session could not be recorded')

  async function findLive(sessionId: string, now: Milliseconds) {
    const { rows } = await database.read.executeQuery(withParameter(sessionQuery, sessionId))
    const [session] = rows
    if (session === undefined || session.disabled === 1 || isOver(session, now)) return undefined

    const allowed = new Set(rows.map((row) => row.permission))
    const user: SignedIn = {
      id: session.user_id,
      username: session.username,
      roles: [...new Set(rows.map((row) => row.role))].filter((role) => role !== null),
      permissions: permissions.filter((permission) => allowed.has(permission)),
      sessionId,
    }
    return { user, lastUsedAt: session.last_used_at }
  }

  return {
    async byToken(text, network) {
      if (!isToken(text)) return undefined
      const hash = hashToken(text)
      const { rows } = await database.read.executeQuery(withParameter(tokenQuery, hash))
      const [token] = rows
      if (token === undefined) return undefined

      const now = await database.now()
      const session = await findLive(token.session_id, now)
      if (session === undefined) return undefined
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
      return session.user
    },

    async byId(sessionId, userId, network) {
      const now = await database.now()
      const session = await findLive(sessionId, now)
      if (session?.user.id !== userId) return undefined
      if (isStale(session, now)) {
        await recordUse(database, sessionId, now, network).catch(logFault)
      }
      return session.user
    },
  }
}

const isOver = (
  session: { created_at: Milliseconds; last_used_at: Milliseconds; ended_at: Milliseconds | null },
  now: Milliseconds,
) =>
  session.ended_at !== null ||
  now - session.created_at >= SESSION_LIFETIME_MS ||
  now - session.last_used_at >= SESSION_IDLE_MS

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

/*
 * These two run at every request, and to build a query costs more than to run it: they are built
 * once, with an empty parameter that `withParameter` fills in.
 */

const compileTokenQuery = (db: Queries) =>
  db
    .selectFrom('refresh_tokens')
    .leftJoin('refresh_tokens as successors', 'successors.hash', 'refresh_tokens.successor_hash')
    .select([
      'refresh_tokens.session_id',
      'refresh_tokens.first_used_at',
      'successors.first_used_at as successor_first_used_at',
    ])
    .where('refresh_tokens.hash', '=', '')
    .compile()

/** A row for each permission. */
const compileSessionQuery = (db: Queries) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
    .leftJoin('role_permissions', 'role_permissions.role', 'user_roles.role')
    .select([
      'sessions.user_id',
      'sessions.created_at',
      'sessions.last_used_at',
      'sessions.ended_at',
      'users.username',
      'users.disabled',
      'user_roles.role',
      'role_permissions.permission',
    ])
    .where('sessions.id', '=', '')
    .compile()

const withParameter = <Row>(query: CompiledQuery<Row>, value: string): CompiledQuery<Row> => ({
  ...query,
  parameters: [value],
})
