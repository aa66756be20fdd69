import { createHmac, hash, randomBytes } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { LAST_USE_PRECISION_MS, ROTATION_AGE_MS, SESSION_LIFETIME_MS } from './lifetimes.ts'

/*
 * A refresh token is 256 random bits; the database stores only its SHA-256. The tokens of a session form a chain,
 * in which each replaced token names its successor.
 *
 * Rotation must not sign out a client that behaves well:
 * - A client that never stores the new cookie can go on with the old one, because a replaced token stays valid
 *   until a minute after the first use of its successor (`session-lookup.ts` decides that).
 * - Parallel requests, and requests repeated because the response was lost, must all get the same new token. So the
 *   successor is stored, but only the holder of the old token can read it: it is sealed with a key that only the
 *   old token yields. The successor is random itself, so that neither the database alone nor the hash of a token
 *   ever yields a token.
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

/** Whether a text has the form of a refresh token. */
export const isToken = (text: string) => /^[\w-]{43}$/.test(text)

export interface Renewal {
  /** New value of the cookie. */
  token: string
  /** Latest end of the session. */
  endsAt: Milliseconds
}

/**
 * Replaces a token that is older than ten minutes. If it was already replaced, returns the newest token of its
 * chain, so that all requests with the same token get the same new one.
 *
 * @param token a valid token
 * @returns undefined if the client keeps its token, also when the database cannot be written at the moment
 */
export async function renewToken(
  database: Database,
  uses: Recorder,
  token: string,
): Promise<Renewal | undefined> {
  const now = await database.now()
  const newest = await findNewest(database.read, token)
  if (newest === undefined || (newest.token === token && !isOld(newest, now))) return undefined

  // If this fails, the client keeps its token, which is still valid.
  const renewed = await uses.attempt((trx) => replaceOrReissue(trx, token, now))
  if (renewed === undefined) return undefined
  return { token: renewed, endsAt: newest.sessionCreatedAt + SESSION_LIFETIME_MS }
}

const isOld = ({ issuedAt }: ChainEnd, now: Milliseconds) => now - issuedAt > ROTATION_AGE_MS

async function replaceOrReissue(trx: Queries, token: string, now: Milliseconds): Promise<string> {
  const newest = await findNewest(trx, token)
  if (newest === undefined) return token
  if (newest.token === token) return isOld(newest, now) ? replace(trx, newest, now) : token

  // A token that is returned again counts as new. If it were replaced a moment later, a slower response to a
  // parallel request could store it in the browser just before it becomes invalid.
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
  // Another process was faster, so its successor counts.
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

/** A one-time pad. Its key is used only once, because a token has only one successor. */
function seal(successor: string, old: string): string {
  const pad = createHmac('sha256', Buffer.from(old, 'base64url'))
    .update('successor of a refresh token')
    .digest()
  const bytes = Buffer.from(successor, 'base64url')
  if (bytes.length > pad.length) throw new Error('A refresh token is longer than its pad.')
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index] ?? 0))).toString('base64url')
}

/** Applying the same pad again restores the token. */
const unseal = seal
