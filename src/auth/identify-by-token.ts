import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { errors } from 'jose'
import { unauthorized } from '../errors.ts'
import { readPermissions, readUser } from './claims.ts'
import type { External } from './external.ts'
import { COOKIE, type Identify } from './identify.ts'
import { createVerifyToken, isForeignKey } from './verify-token.ts'

/**
 * Identifies by the tokens of another service. Nothing of ours is asked or kept: a token counts
 * until it expires, with what it says, and the next one with what that says.
 */
export function identifyByToken(
  external: External,
  log: Pick<FastifyBaseLogger, 'error'>,
): Identify {
  const verify = createVerifyToken(external, log)
  const { signInUrl, userClaim } = external
  const advice =
    signInUrl === undefined
      ? 'sign in where the accounts of this library are kept.'
      : `sign in at ${signInUrl}.`

  return async (request, bearer) => {
    const token = bearer ?? findJwt(request)
    const place = bearer === undefined ? `in the cookie ${COOKIE}` : 'in Authorization'
    if (token === undefined) throw unauthorized(`There is no token ${place}; ${advice}`)

    const claims = await verify(token).catch((error: unknown) => {
      if (!(error instanceof errors.JOSEError)) throw error
      throw unauthorized(`The token ${place} ${explain(error)}; ${advice}`)
    })
    const name = readUser(claims, external)
    if (name === undefined) {
      throw unauthorized(`The token ${place} does not say in "${userClaim}" who the user is.`)
    }
    const permissions = readPermissions(claims, external)
    return { id: name, username: name, roles: [], permissions }
  }
}

/**
 * The cookie's first value that could be a token. Browsers that have a cookie of our own sign-in from
 * before send that one too, if the other service has set its own for a whole domain.
 */
function findJwt({ headers }: FastifyRequest): string | undefined {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name = '', value = ''] = pair.split('=', 2)
    const token = value.trim().replace(/^"(.*)"$/, '$1')
    if (name.trim() === COOKIE && token.split('.').length === 3) return token
  }
  return undefined
}

/** Without anything out of the token: details are logged. */
function explain(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `lacks the claim "${error.claim}"`
      : `has another claim "${error.claim}" than is accepted here`
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'is signed with an algorithm that is not accepted here'
  }
  return isForeignKey(error) ? 'is not signed by who issues them' : 'is no signed token'
}
