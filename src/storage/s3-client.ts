import { createHash } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { toFault } from './s3-fault.ts'
import type { S3Place } from './s3-url.ts'

/** For how long to wait for what, in milliseconds. */
export interface S3Patience {
  connect: number
  /** From the first byte of a request to the first of its answer. */
  answer: number
  /** Without a byte in either direction. */
  silence: number
}

export const PATIENCE: S3Patience = { connect: 5000, answer: 60_000, silence: 30_000 }

/**
 * The first and five more, on 5xx, SlowDown, resets and time-outs: after up to 50 ms, then twice as
 * long each time, after SlowDown up to 1 s, each wait chosen at random below its bound. Where all
 * fail, the SDK soon stops to repeat, until something succeeds again.
 */
const ATTEMPTS = 6

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
  addContentMd5(client)
  return client
}

function explainFaults(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        throw toFault((context.commandName ?? 'S3').replace(/Command$/, ''), error)
      }
    },
    { step: 'initialize', priority: 'high', name: 'vitrineExplainFaults' },
  )
}

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
