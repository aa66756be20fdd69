import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { S3Fault, toFault } from './s3-fault.ts'
import type { S3Place } from './s3-url.ts'

/** For how long to wait for what, in milliseconds. */
export interface S3Patience {
  connect: number
  /** From the first byte of a request to the first of its answer. */
  answer: number
  /** Without a byte in either direction. */
  silence: number
}

/** Of which the whole answer may take twice as long as it may be silent. */
export const patienceOf = ({ timeout }: Pick<S3Place, 'timeout'>): S3Patience => ({
  connect: Math.min(5000, timeout),
  answer: 2 * timeout,
  silence: timeout,
})

/**
 * The first and five more, on 5xx, SlowDown, resets and time-outs: after up to 50 ms, then twice as
 * long each time, after SlowDown up to 1 s, each wait chosen at random below its bound. Where all
 * fail, the SDK soon stops to repeat, until something succeeds again.
 */
const ATTEMPTS = 6
/** After so many time-outs of one request nothing will come: whoever waits for it is to be told. */
const MAX_TIMEOUTS = 2

/** A client for one place, whose errors are faults (see `S3Fault`). */
export function createS3Client(place: S3Place, patience: S3Patience): S3Client {
  // No limit of its own: each request from outside needs a few at most, and slow downloads, which
  // hold theirs for long, must not keep everybody else from storage.
  const agent = { maxSockets: Number.POSITIVE_INFINITY }
  const client = new S3Client({
    ...(place.region !== undefined && { region: place.region }),
    ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // Trailing checksums are Amazon's own: other services answer 501. Nothing is lost, because the
    // signature of a request covers the SHA-256 of its body, which the service compares.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: patience.connect,
      requestTimeout: patience.answer,
      throwOnRequestTimeout: true,
      socketTimeout: patience.silence,
      httpAgent: agent,
      httpsAgent: agent,
    },
  })
  explainFaults(client)
  limitTimeouts(client)
  addContentMd5(client)
  return client
}

function explainFaults(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        throw toFault(operationOf(context), error)
      }
    },
    { step: 'initialize', priority: 'high', name: 'vitrineExplainFaults' },
  )
}

/** Below what tries again, which takes no fault of ours for one that passes. */
function limitTimeouts(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => {
      let timeouts = 0
      return async (args) => {
        try {
          return await next(args)
        } catch (error) {
          if (!isTimeout(error)) throw error
          timeouts += 1
          if (timeouts < MAX_TIMEOUTS) throw error
          const operation = operationOf(context)
          const about = { operation, code: error.name, attempts: timeouts }
          throw new S3Fault(`S3 did not answer ${operation}: ${error.message}`, about)
        }
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'vitrineLimitTimeouts' },
  )
}

/** The SDK calls connections that were reset time-outs as well, with the system's code. */
const isTimeout = (error: unknown): error is Error =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  (!('code' in error) || error.code === 'ETIMEDOUT')

const operationOf = ({ commandName = 'S3' }: { commandName?: string }) =>
  commandName.replace(/Command$/, '')

/**
 * The SDK sends a CRC32 with a batch of deletions, which few services know; an MD5 is what was always
 * asked for, and what all of them take.
 */
function addContentMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { request } = args
      if (context.commandName === 'DeleteObjectsCommand' && isHttpRequest(request)) {
        for (const name of Object.keys(request.headers)) {
          if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete request.headers[name]
        }
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64')
      }
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'vitrineContentMd5' },
  )
}

const isHttpRequest = (
  request: unknown,
): request is { headers: Record<string, string>; body: string | Uint8Array } =>
  typeof request === 'object' && request !== null && 'headers' in request && 'body' in request
