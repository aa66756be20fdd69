import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { S3Fault, toFault } from './s3-fault.ts'
import type { S3Place } from './s3-url.ts'

/** Time-outs of requests to S3, in milliseconds. */
export interface S3Patience {
  connect: number
  /** From the first byte of a request to the first byte of its response. */
  answer: number
  /** Without a byte in either direction. */
  silence: number
}

/** Derives the time-outs from the setting. The first byte of a response may take twice the allowed silence. */
export const patienceOf = ({ timeout }: Pick<S3Place, 'timeout'>): S3Patience => ({
  connect: Math.min(5000, timeout),
  answer: 2 * timeout,
  silence: timeout,
})

/**
 * One attempt and up to five retries, on 5xx, SlowDown, resets and time-outs. The bound of the first wait is
 * 50 ms (after SlowDown 1 s). It doubles each time, and each wait is random below its bound. If all requests
 * fail, the SDK soon stops retrying, until a request succeeds again.
 */
const ATTEMPTS = 6
/** Most time-outs of one request. After them, a response is unlikely, so the request fails. */
const MAX_TIMEOUTS = 2

/** Creates a client for one place. Its errors are of the class `S3Fault`. */
export function createS3Client(place: S3Place, patience: S3Patience): S3Client {
  // No limit on sockets: each client request needs a few at most, and slow downloads, which hold their sockets
  // for long, must not block other requests.
  const agent = { maxSockets: Number.POSITIVE_INFINITY }
  const client = new S3Client({
    ...(place.region !== undefined && { region: place.region }),
    ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    // Only Amazon supports trailing checksums; other services answer 501. Integrity is still checked: the
    // signature of a request covers the SHA-256 of its body, and the service compares it.
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

/** Runs inside the SDK's retry middleware, which does not retry an `S3Fault`. */
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

/** The SDK also reports reset connections as time-outs, but with the system's error code. */
const isTimeout = (error: unknown): error is Error =>
  error instanceof Error &&
  error.name === 'TimeoutError' &&
  (!('code' in error) || error.code === 'ETIMEDOUT')

const operationOf = ({ commandName = 'S3' }: { commandName?: string }) =>
  commandName.replace(/Command$/, '')

/**
 * Sends an MD5 with a batch of deletions instead of the SDK's CRC32. Few services know the CRC32. All accept
 * an MD5, which S3 has always required.
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
