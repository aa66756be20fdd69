import type { FastifyBaseLogger } from 'fastify'
import { errors } from 'jose'
import { AppError, unauthorized } from '../../base/errors.ts'
import type { Identify, User } from '../identify.ts'
import type { SessionCookie } from '../session/cookie.ts'
import { readPermissions, readUser } from './claims.ts'
import type { External } from './external.ts'
import { createVerifyToken, hasExpired, isForeignKey } from './verify-token.ts'

/**
 * Identifies by the tokens of another service. Nothing of ours is asked or kept: a token counts
 * until it expires, with what it says, and the next one with what that says.
 */
export function identifyByToken(
  external: External,
  log: Pick<FastifyBaseLogger, 'error'>,
  cookie: SessionCookie,
): Identify {
  const verify = createVerifyToken(external, log)
  const { signInUrl, userClaim } = external
  const advice =
    signInUrl === undefined
      ? 'sign in where the accounts of this library are kept.'
      : `sign in at ${signInUrl}.`

  const identify = async (token: string, place: string): Promise<User> => {
    const claims = await verify(token).catch((error: unknown) => {
      if (!(error instanceof errors.JOSEError)) throw error
      throw unauthorized(`The token ${place} ${explain(error)}; ${advice}`)
    })
    const name = readUser(claims, external)
    if (name === undefined) {
      throw unauthorized(`The token ${place} does not say in "${userClaim}" who the user is.`)
    }
    const permissions = readPermissions(claims, external)
    return {
      id: name,
      username: name,
      roles: [],
      permissions,
      async again() {
        if (hasExpired(claims)) throw unauthorized(`The token ${place} has expired meanwhile.`)
        return permissions
      },
    }
  }

  return async ({ headers }, bearer) => {
    const place = bearer === undefined ? `in the cookie ${cookie.name}` : 'in Authorization'
    const tokens = bearer === undefined ? cookie.values(headers, isJwt) : [bearer]
    const faults: unknown[] = []
    for (const token of tokens) {
      try {
        return await identify(token, place)
      } catch (error) {
        faults.push(error)
      }
    }
    if (faults.length === 0) throw unauthorized(`There is no token ${place}; ${advice}`)
    // Where one could not be checked, nobody knows that he is not signed in.
    throw faults.find((fault) => !isUnauthorized(fault)) ?? faults[0]
  }
}

const isUnauthorized = (error: unknown) => error instanceof AppError && error.status === 401

/** Browsers also send the cookie of our own sign-in, from before, which is no JWT. */
const isJwt = (value: string) => value.split('.').length === 3

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
