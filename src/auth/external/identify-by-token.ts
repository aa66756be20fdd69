import type { FastifyBaseLogger } from 'fastify'
import { errors } from 'jose'
import { AppError, unauthorized } from '../../base/errors.ts'
import type { Identify, User } from '../identify.ts'
import type { SessionCookie } from '../session/cookie.ts'
import { readPermissions, readUser } from './claims.ts'
import type { External } from './external.ts'
import { createVerifyToken, hasExpired, isForeignKey } from './verify-token.ts'

/**
 * Identifies users by the tokens of an external service. The database is neither read nor written: until a token
 * expires, the user and permissions that it names count.
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
      throw unauthorized(`The token ${place} names no valid user in the claim "${userClaim}".`)
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
    // If a token could not be checked, the user may be signed in, so a 401 would be wrong.
    throw faults.find((fault) => !isUnauthorized(fault)) ?? faults[0]
  }
}

const isUnauthorized = (error: unknown) => error instanceof AppError && error.status === 401

/** Browsers may still send an old cookie of Vitrine's own sign-in, which is not a JWT. */
const isJwt = (value: string) => value.split('.').length === 3

/** Repeats nothing from the token, because the explanation is logged. */
function explain(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'has expired'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.reason === 'missing'
      ? `lacks the claim "${error.claim}"`
      : `has a claim "${error.claim}" that is not accepted here`
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'is signed with an algorithm that is not accepted here'
  }
  return isForeignKey(error)
    ? 'is not signed by the service that issues tokens'
    : 'is not a signed token'
}
