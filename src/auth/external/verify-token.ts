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

/** Accepted difference between the clocks of two machines, in seconds. */
const CLOCK_TOLERANCE = 10

/**
 * Returns the claims of a token if the external service has signed it for our audience and it is valid now.
 *
 * @throws JOSEError if it is not such a token
 * @throws AppError 503 "Service busy" if the keys cannot be fetched or used
 */
export type VerifyToken = (token: string) => Promise<JWTPayload>

export function createVerifyToken(
  external: External,
  log: Pick<FastifyBaseLogger, 'error'>,
): VerifyToken {
  // RFC 8725: algorithms, issuer and audience are fixed here and never taken from the token.
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
      // After a rotation, the new key may have the same name (`kid`) as the old one, or no name.
      if (!isForeignKey(error)) throw error
      const renewed = await keySet.renew()
      if (renewed === undefined) throw error
      return verifyByKeys(token, renewed, options)
    })
  }
}

/** Whether claims that were valid before have expired since. */
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
    // A faulty token causes a JOSEError. Any other error means that the key is faulty.
    if (error instanceof errors.JOSEError || error instanceof AppError) throw error
    throw keyUnusable(error)
  }
}

/** Tries each candidate, for a token that does not name its key. */
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

/** The published keys are faulty. The sender of the token cannot repair them, so this is not a 401. */
const keyUnusable = (cause: unknown) =>
  serviceBusy(
    'The key that this token is checked with cannot be used; the log of the server says why.',
    60,
    cause,
  )
