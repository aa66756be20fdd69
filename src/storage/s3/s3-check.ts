import { text } from 'node:stream/consumers'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { bodyOf } from './s3-body.ts'
import { type Bucket, getObject, headObject } from './s3-bucket.ts'

/** For so long a bucket is taken for as it was found: whoever asks, and however often, costs nothing. */
const GOOD_MS = 5000
const BAD_MS = 1000
/** How often it is written to; in between it is only asked. */
const WRITE_MS = 60_000
/** One object for good, as on the disk. */
const KEY = '.check'

/**
 * Tells whether a bucket can be read and written. Anybody may have that asked, and requests cost money.
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
