import { unauthorized } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import { networkOf } from '../actor.ts'
import type { Identify } from '../identify.ts'
import { createApiTokenLookup } from '../tokens/api-token-lookup.ts'
import { TOKEN_PREFIX } from '../tokens/api-tokens.ts'
import { type AccessTokens, openAccessTokens } from './access-tokens.ts'
import type { SessionCookie } from './cookie.ts'
import { isToken } from './refresh-tokens.ts'
import { createSessionLookup, type SessionLookup } from './session-lookup.ts'

/** The sessions of Vitrine's own sign-in. */
export interface OwnSessions {
  accessTokens: AccessTokens
  sessions: SessionLookup
}

export const openOwnSessions = async (
  database: Database,
  uses: Recorder,
): Promise<OwnSessions> => ({
  accessTokens: await openAccessTokens(database),
  sessions: createSessionLookup(database, uses),
})

/**
 * Identifies users by the sessions of Vitrine's own sign-in. Session, user and permissions are those in the database
 * at that moment, so that a sign-out, a disabled account or a withdrawn permission takes effect at once.
 */
export function identifyBySession(
  database: Database,
  uses: Recorder,
  cookie: SessionCookie,
  { accessTokens, sessions }: OwnSessions,
): Identify {
  const findByApiToken = createApiTokenLookup(database, uses)

  const findByAccessToken = async (token: string, network: string) => {
    const claims = await accessTokens.verify(token, await database.now())
    return claims && sessions.byId(claims.sessionId, claims.userId, network)
  }

  return async ({ headers, ip }, bearer) => {
    if (bearer?.startsWith(TOKEN_PREFIX)) return findByApiToken(bearer)
    const network = networkOf(ip)
    const user =
      bearer === undefined
        ? (await sessions.byTokens(cookie.values(headers, isToken), network))?.user
        : await findByAccessToken(bearer, network)
    if (user !== undefined) return user
    throw unauthorized(
      bearer === undefined
        ? `There is no valid session in the cookie ${cookie.name}; sign in at POST /auth/login.`
        : 'The access token is not valid or its session is over; get one at GET /auth/me.',
    )
  }
}
