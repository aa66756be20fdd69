import { createHmac, hash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { LAST_USE_PRECISION_MS, ROTATION_AGE_MS, SESSION_LIFETIME_MS } from './lifetimes.ts'

/*
 * A refresh token is 256 random bits; the database knows it only by its SHA-256. Tokens of a session
 * form a chain, in which each replaced one names its successor.
 *
 * Rotation must not log out whoever behaves well:
 * - A client that never takes the new cookie goes on with the old one, because a replaced token
 *   stays good until its successor is first used (`session-lookup.ts` decides that).
 * - Requests in parallel, or repeated because the answer was lost, must all get the same new token.
 *   So the successor is kept for the holder of the old token, and for nobody else: sealed with a
 *   key that only the old token yields. It is random in its own right, so that neither the database
 *   alone nor a token's hash ever yields a token.
 */

const TOKEN_BYTES = 32

export interface NewToken {
  token: string
  hash: string
}

export function createToken(): NewToken {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  return { token, hash: hashToken(token) }
}

export const hashToken = (token: string): string => hash('sha256', token)

/** Whether it could be one at all. */
export const isToken = (text: string) => /^[\w-]{43}$/.test(text)

export interface Renewal {
  /** For the cookie. */
  token: string
  /** When its session ends at the latest. */
  endsAt: Milliseconds
}

/**
 * Replaces a token that is older than ten minutes; for a replaced one, hands out the newest of its
 * chain, so that all who come with the same token leave with the same.
 *
 * @param token a good one
 * @returns undefined if the client keeps its token, also because the database cannot be written now
 */
export async function renewToken(
  database: Database,
  uses: Recorder,
  token: string,
): Promise<Renewal | undefined> {
  const now = await database.now()
  const newest = await findNewest(database.read, token)
  if (newest === undefined || (newest.token === token && !isOld(newest, now))) return undefined

  // Who has a good token is not turned away because there will be no newer one.
  const renewed = await uses.attempt((trx) => replaceOrReissue(trx, token, now))
  if (renewed === undefined) return undefined
  return { token: renewed, endsAt: newest.sessionCreatedAt + SESSION_LIFETIME_MS }
}

const isOld = ({ issuedAt }: ChainEnd, now: Milliseconds) => now - issuedAt > ROTATION_AGE_MS

async function replaceOrReissue(trx: Queries, token: string, now: Milliseconds): Promise<string> {
  const newest = await findNewest(trx, token)
  if (newest === undefined) return token
  if (newest.token === token) return isOld(newest, now) ? replace(trx, newest, now) : token

  // Handed out again, it counts as new: were it replaced a moment later, slower answers of this
  // very moment would put a token into the browser that is about to turn bad.
  await trx
    .updateTable('refresh_tokens')
    .set({ issued_at: now })
    .where('hash', '=', hashToken(newest.token))
    .where('issued_at', '<=', now - LAST_USE_PRECISION_MS)
    .execute()
  return newest.token
}

async function replace(trx: Queries, old: ChainEnd, now: Milliseconds): Promise<string> {
  const successor = createToken()
  const { numUpdatedRows } = await trx
    .updateTable('refresh_tokens')
    .set({
      successor_hash: successor.hash,
      successor_sealed: seal(successor.token, old.token),
    })
    .where('hash', '=', hashToken(old.token))
    .where('successor_hash', 'is', null)
    .executeTakeFirst()
  // Another process was faster: its successor is the one.
  if (numUpdatedRows === 0n) return (await findNewest(trx, old.token))?.token ?? old.token

  await trx
    .insertInto('refresh_tokens')
    .values({
      hash: successor.hash,
      session_id: old.sessionId,
      issued_at: now,
      first_used_at: null,
      successor_hash: null,
      successor_sealed: null,
    })
    .execute()
  return successor.token
}

interface ChainEnd {
  token: string
  issuedAt: Milliseconds
  sessionId: string
  sessionCreatedAt: Milliseconds
}

/** Follows the chain from a token to the one that has no successor yet. */
async function findNewest(db: Queries, token: string): Promise<ChainEnd | undefined> {
  for (let current = token; ; ) {
    const row = await db
      .selectFrom('refresh_tokens')
      .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
      .select(['issued_at', 'successor_sealed', 'sessions.id', 'sessions.created_at'])
      .where('hash', '=', hashToken(current))
      .executeTakeFirst()
    if (row === undefined) return undefined
    if (row.successor_sealed === null) {
      return {
        token: current,
        issuedAt: row.issued_at,
        sessionId: row.id,
        sessionCreatedAt: row.created_at,
      }
    }
    current = unseal(row.successor_sealed, current)
  }
}

/** A one-time pad: its key is used for nothing else, because a token has but one successor. */
function seal(successor: string, old: string): string {
  const pad = createHmac('sha256', Buffer.from(old, 'base64url'))
    .update('successor of a refresh token')
    .digest()
  const bytes = Buffer.from(successor, 'base64url')
  if (bytes.length > pad.length) throw new Error('A refresh token is longer than its pad.')
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index] ?? 0))).toString('base64url')
}

/** The pad undoes itself. */
const unseal = seal
