import type { FastifyBaseLogger } from 'fastify'
import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { AppError, serviceBusy } from '../../base/errors.ts'
import type { External } from './external.ts'
import { type Keys, openKeySet } from './key-set.ts'

/** Clocks of two machines differ by so much at most, in seconds. */
const CLOCK_TOLERANCE = 10

/**
 * The claims of a token that the other service has signed, for us, and that is good now.
 *
 * @throws JOSEError if it is no such token
 * @throws AppError 503 "Service busy" if the keys cannot be had or used
 */
export type VerifyToken = (token: string) => Promise<JWTPayload>

export function createVerifyToken(
  external: External,
  log: Pick<FastifyBaseLogger, 'error'>,
): VerifyToken {
  // RFC 8725: what is accepted is pinned here and never read from the token.
  const options: JWTVerifyOptions = {
    algorithms: [...external.algorithms],
    issuer: external.issuer,
    audience: external.audience,
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_TOLERANCE,
  }
  const { keys } = external
  if ('secret' in keys) {
    const secret = Buffer.from(keys.secret)
    return async (token) => (await jwtVerify(token, secret, options)).payload
  }

  const keySet = openKeySet(keys.url, log)
  return async (token) => {
    const keys = await keySet.read()
    return verifyByKeys(token, keys, options).catch(async (error: unknown) => {
      // Rotated keys may also have the name of the old one, or none.
      if (!isForeignKey(error)) throw error
      const renewed = await keySet.renew()
      if (renewed === undefined) throw error
      return verifyByKeys(token, renewed, options)
    })
  }
}

/** Of claims that were good once: whether they are too old by now. */
export const hasExpired = ({ exp = 0 }: JWTPayload): boolean =>
  Date.now() / 1000 >= exp + CLOCK_TOLERANCE

export const isForeignKey = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWSSignatureVerificationFailed

async function verifyByKeys(
  token: string,
  keys: Keys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const findKey: JWTVerifyGetKey = async (header, parts) => {
    try {
      return await keys(header, parts)
    } catch (error) {
      if (isForeignKey(error) || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw keyUnusable(error)
    }
  }
  try {
    return (await jwtVerify(token, findKey, options)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(token, error, options)
    // What is wrong with a token has a class of its own; anything else is wrong with the key.
    if (error instanceof errors.JOSEError || error instanceof AppError) throw error
    throw keyUnusable(error)
  }
}

/** Of a token that does not name its key, where several might be it. */
async function tryEach(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of candidates) {
    try {
      return (await jwtVerify(token, key, options)).payload
    } catch (error) {
      if (!isForeignKey(error)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

/** The set of keys is not what it should be: nothing that who sends the token could mend. */
const keyUnusable = (cause: unknown) =>
  serviceBusy(
    'The key that this token is checked with cannot be used; the log of the server says why.',
    60,
    cause,
  )
