import { accountSubject, recordAudit } from '../../audit/record.ts'
import { unauthorized } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import type { User } from '../identify.ts'
import { permissions } from '../permissions.ts'
import {
  LAST_USE_PRECISION_MS,
  ROTATION_GRACE_MS,
  SESSION_IDLE_MS,
  SESSION_LIFETIME_MS,
} from './lifetimes.ts'
import { hashToken } from './refresh-tokens.ts'
import { endSessions } from './sessions.ts'

/** The user of a request, as the database had it at the lookup. */
export interface SignedIn extends User {
  id: number
  sessionId: string
  /**
   * Until then this result may be reused, if the database has not changed. The next use must be recorded then, or
   * the session ends. Absent for access tokens.
   */
  reusableUntil?: Milliseconds
}

export interface Found {
  user: SignedIn
  token: string
}

/** Finds the user of a request. A lookup costs one query, or none while the database has not changed. */
export interface SessionLookup {
  /**
   * Finds the session of the first valid refresh token among those of a request. If none is valid, each
   * replaced token past its grace period counts as stolen, and its session ends. Beside a valid token, an old
   * cookie is harmless.
   * @param network address of the client; see `networkOf`
   */
  byTokens(tokens: readonly string[], network: string): Promise<Found | undefined>
  /** Finds the session that a verified access token names. */
  byId(sessionId: string, userId: number, network: string): Promise<SignedIn | undefined>
}

/** Bytes of each memo. Room for some thousand sessions, more than are in use at a time. */
const MAX_BYTES = 4 * 1024 * 1024
/** Approximate size of a row. A session has one row for each permission. */
const ROW_BYTES = 400

const bytesOf = (rows: readonly unknown[]) => rows.length * ROW_BYTES

export function createSessionLookup(database: Database, uses: Recorder): SessionLookup {
  const tokenMemo = createMemo<readonly TokenRow[]>(database, MAX_BYTES, bytesOf)
  const sessionMemo = createMemo<readonly SessionRow[]>(database, MAX_BYTES, bytesOf)

  const recheckOf =
    ({ sessionId }: SignedIn): NonNullable<SignedIn['again']> =>
    async (db, now) => {
      const session = findLive(await runIn(db, findSession, sessionId), now)
      if (session) return session.user.permissions
      throw unauthorized('The session was ended, or its account disabled, in the meantime.')
    }

  async function readToken(text: string, now: Milliseconds): Promise<KnownToken | undefined> {
    const hash = hashToken(text)
    const rows = await tokenMemo.read(hash, () => database.run(findToken, hash))
    const [row] = rows
    const session = findLive(rows, now)
    if (row === undefined || session === undefined) return undefined
    const succeededAt = row.successor_first_used_at
    const goodUntil = succeededAt === null ? Infinity : succeededAt + ROTATION_GRACE_MS
    return { text, hash, session, goodUntil, isNew: row.first_used_at === null }
  }

  /** The token was used after its grace period, so two clients have it. Nothing shows which one stole it. */
  async function endReplayed({ user }: LiveSession, network: string, now: Milliseconds) {
    await database.write(async (trx) => {
      const ended = await endSessions(trx, { sessionId: user.sessionId }, now)
      if (ended === 0) return
      const nobody = { name: null, accountId: null, tokenId: null, network }
      const subject = accountSubject(user.username)
      await recordAudit(trx, nobody, { action: 'session-replayed', subject }, now)
    })
  }

  return {
    async byTokens(texts, network) {
      const now = await database.now()
      const replayed: LiveSession[] = []
      for (const text of texts) {
        const token = await readToken(text, now)
        if (token === undefined) continue
        const { session, goodUntil } = token
        if (now > goodUntil) {
          replayed.push(session)
          continue
        }
        if (token.isNew || mustRecordUse(session, now)) {
          recordUse(uses, session.user.sessionId, now, network, token.hash)
        }
        const reusableUntil = Math.min(
          session.lastUsedAt + LAST_USE_PRECISION_MS,
          session.endsAt,
          goodUntil,
        )
        return {
          token: text,
          user: { ...session.user, reusableUntil, again: recheckOf(session.user) },
        }
      }
      for (const session of replayed) await endReplayed(session, network, now)
      return undefined
    },

    async byId(sessionId, userId, network) {
      const now = await database.now()
      const rows = await sessionMemo.read(sessionId, () => database.run(findSession, sessionId))
      const session = findLive(rows, now)
      if (session?.user.id !== userId) return undefined
      if (mustRecordUse(session, now)) {
        recordUse(uses, sessionId, now, network)
      }
      return { ...session.user, again: recheckOf(session.user) }
    },
  }
}

/** A token of a live session. */
interface KnownToken {
  text: string
  hash: string
  session: LiveSession
  goodUntil: Milliseconds
  /** True until its first use. */
  isNew: boolean
}

interface LiveSession {
  user: SignedIn
  lastUsedAt: Milliseconds
  endsAt: Milliseconds
}

/** @param rows of one session, one for each permission */
function findLive(rows: readonly SessionRow[], now: Milliseconds): LiveSession | undefined {
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

const mustRecordUse = ({ lastUsedAt }: { lastUsedAt: Milliseconds }, now: Milliseconds) =>
  now - lastUsedAt > LAST_USE_PRECISION_MS

/** The conditions ensure that only one of several parallel requests changes the row. */
function recordUse(
  uses: Recorder,
  sessionId: string,
  now: Milliseconds,
  network: string,
  tokenHash?: string,
): void {
  uses.add(`session ${tokenHash ?? sessionId}`, async (trx) => {
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

/** One row for each role and permission of the user. */
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

const findSession = prepare((db, id: Parameter<string>) =>
  selectSessions(db).where('sessions.id', '=', id).compile(),
)

type TokenRow = Awaited<ReturnType<ReturnType<typeof selectTokens>['execute']>>[number]

const selectTokens = (db: Queries) =>
  selectSessions(db)
    .innerJoin('refresh_tokens', 'refresh_tokens.session_id', 'sessions.id')
    .leftJoin('refresh_tokens as successors', 'successors.hash', 'refresh_tokens.successor_hash')
    .select(['refresh_tokens.first_used_at', 'successors.first_used_at as successor_first_used_at'])

const findToken = prepare((db, hash: Parameter<string>) =>
  selectTokens(db).where('refresh_tokens.hash', '=', hash).compile(),
)
