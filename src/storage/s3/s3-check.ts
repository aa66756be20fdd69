import { text } from 'node:stream/consumers'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { bodyOf } from './s3-body.ts'
import { type Bucket, getObject, headObject } from './s3-bucket.ts'
import { S3Fault } from './s3-fault.ts'
import type { S3Place } from './s3-url.ts'

/** How long a result is reused, good or bad. It bounds the requests to S3 for any number of checks. */
const GOOD_MS = 5000
const BAD_MS = 1000
/** Interval between write checks. In between, a check only sends a HEAD request. */
const WRITE_MS = 60_000
/** Always the same object, as on the disk. */
const KEY = '.check'

/**
 * Makes a function that checks whether a bucket can be read and written. Results are reused, because every
 * client may trigger a check, and requests to S3 cost money.
 * @param now milliseconds, on any clock that never goes back
 */
export function createS3Check(bucket: Bucket, now: () => number): () => Promise<void> {
  let known: { until: number; error?: unknown } | undefined
  let nextWrite = Number.NEGATIVE_INFINITY

  async function ask(): Promise<void> {
    if (now() < nextWrite) {
      if (await headObject(bucket, KEY)) return
      nextWrite = Number.NEGATIVE_INFINITY
    }
    const { client, Bucket, prefix } = bucket
    await client.send(new PutObjectCommand({ Bucket, Key: prefix + KEY, Body: '1' }))
    if ((await text(bodyOf(await getObject(bucket, KEY)))) !== '1') {
      throw new Error(`What is written to the bucket ${Bucket} cannot be read back.`)
    }
    nextWrite = now() + WRITE_MS
  }

  return async () => {
    if (known && now() < known.until) {
      if (known.error !== undefined) throw known.error
      return
    }
    try {
      await ask()
      known = { until: now() + GOOD_MS }
    } catch (error) {
      nextWrite = Number.NEGATIVE_INFINITY
      known = { until: now() + BAD_MS, error }
      throw error
    }
  }
}

const CREDENTIALS =
  'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine'

/** Adds advice to the error of the first request. The person who starts the program reads it. */
export function explainStart(place: S3Place, error: unknown): unknown {
  if (!(error instanceof S3Fault)) return error
  const advice = advise(place, error)
  return advice === undefined ? error : new S3Fault(`${advice} (${error.message})`, error)
}

function advise({ bucket, endpoint, region }: S3Place, fault: S3Fault): string | undefined {
  const service = endpoint ?? 'S3'
  switch (fault.code) {
    case 'NoSuchBucket':
      return `There is no bucket ${bucket} at ${service}. Make it, or correct VITRINE_STORAGE_URL.`
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'ExpiredToken':
    case 'InvalidToken':
      return `${service} does not accept the credentials. Correct ${CREDENTIALS}.`
    case 'CredentialsProviderError':
    case 'CredentialsError':
      return `There are no credentials for ${service}. Provide ${CREDENTIALS}.`
    case 'AccessDenied':
      return `The credentials do not allow listing the bucket ${bucket}. docs/storage.md lists the required rights.`
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
      return `The bucket ${bucket} is in another region than ${region ?? 'the one that is configured'}. Set region=… in VITRINE_STORAGE_URL.`
  }
  if (fault.status === undefined) {
    return `${service} cannot be reached. Check endpoint=… and region=… in VITRINE_STORAGE_URL, and the network.`
  }
  return undefined
}
