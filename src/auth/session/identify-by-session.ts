import { unauthorized } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Recorder } from '../../database/recorder.ts'
import type { Identify } from '../identify.ts'
import { networkOf } from '../network.ts'
import { createApiTokenLookup } from '../tokens/api-token-lookup.ts'
import { TOKEN_PREFIX } from '../tokens/api-tokens.ts'
import { openAccessTokens } from './access-tokens.ts'
import type { SessionCookie } from './cookie.ts'
import { isToken } from './refresh-tokens.ts'
import { createSessionLookup } from './session-lookup.ts'

/**
 * Identifies by the sessions of our own sign-in. Session, user and permissions are what the database
 * says at that moment, so that a sign-out, a disabled account and a withdrawn permission work at once.
 */
export async function identifyBySession(
  database: Database,
  uses: Recorder,
  cookie: SessionCookie,
): Promise<Identify> {
  const accessTokens = await openAccessTokens(database)
  const sessions = createSessionLookup(database, uses)
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
