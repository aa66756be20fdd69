import type { Database } from '../../database/database.ts'
import { readSecret } from '../../database/secrets.ts'
import type { Milliseconds } from '../../database/tables.ts'
import { ACCESS_TOKEN_LIFETIME_MS } from './lifetimes.ts'
import type { SignedIn } from './session-lookup.ts'

const ALGORITHM = 'HS256'
const ISSUER = 'vitrine'
const AUDIENCE = 'vitrine-api'

/** Loaded with the first token, because it would make every start slower and take 4 MB more memory. */
const loadJose = () => import('jose')

export interface AccessTokens {
  /** A JWT that names user and session. Its roles and permissions inform the client; the server ignores them. */
  sign(user: SignedIn, now: Milliseconds): Promise<string>
  /** The user and session that a token names; undefined if it has expired or is not one of ours. */
  verify(
    token: string,
    now: Milliseconds,
  ): Promise<{ userId: number; sessionId: string } | undefined>
}

/** Access tokens, signed with the library's secret, which all its instances share. */
export async function openAccessTokens(database: Database): Promise<AccessTokens> {
  const value = await readSecret(database.read, 'access-token')
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(value, 'base64url'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign', 'verify'],
  )

  return {
    async sign({ id, sessionId, roles, permissions }, now) {
      const { SignJWT } = await loadJose()
      return new SignJWT({ sid: sessionId, roles, permissions })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(String(id))
        .setIssuedAt(new Date(now))
        .setExpirationTime(new Date(now + ACCESS_TOKEN_LIFETIME_MS))
        .sign(key)
    },

    async verify(token, now) {
      const { errors, jwtVerify } = await loadJose()
      // RFC 8725: algorithm, issuer and audience are fixed here and never taken from the token.
      const verified = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'sid', 'exp'],
        currentDate: new Date(now),
      }).catch((error: unknown) => {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      })
      const { sub, sid } = verified?.payload ?? {}
      return typeof sid === 'string' ? { userId: Number(sub), sessionId: sid } : undefined
    },
  }
}
