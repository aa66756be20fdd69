import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3'
import { type Bucket, endUploads } from './s3-bucket.ts'
import { isNothingThere, S3Fault } from './s3-fault.ts'

/** Most keys that S3 accepts in one request. */
const BATCH = 1000
/** Concurrent requests, where each key needs its own request. */
const AT_ONCE = 16

/**
 * Removes objects and unfinished uploads of these keys.
 * @returns the errors; every key was tried
 */
export async function removeObjects(bucket: Bucket, keys: readonly string[]): Promise<unknown[]> {
  // Uploads first, so that none of them can become an object after its object is removed.
  const errors = await forEach(keys, (key) => endUploads(bucket, key))
  for (const batch of chunk(keys, BATCH)) {
    try {
      const left = batch.length > 1 ? await removeBatch(bucket, batch) : batch
      errors.push(...(await forEach(left, (key) => removeObject(bucket, key))))
    } catch (error) {
      errors.push(error)
    }
  }
  return errors
}

/**
 * @returns the keys that must be removed one by one: all if this service does not support batches, else the
 *   keys that failed
 */
async function removeBatch(
  { client, Bucket, prefix }: Bucket,
  keys: readonly string[],
): Promise<readonly string[]> {
  const Objects = keys.map((key) => ({ Key: prefix + key }))
  try {
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects } }),
    )
    if (Errors.length === 0) return []
    const failed = new Set(Errors.map(({ Key }) => Key?.slice(prefix.length)))
    return failed.has(undefined) ? keys : keys.filter((key) => failed.has(key))
  } catch (error) {
    if (error instanceof S3Fault && isRefusal(error)) return keys
    throw error
  }
}

/** A refusal, not a failure. Services without batches refuse them with many different codes. */
const isRefusal = ({ status = 0 }: S3Fault): boolean =>
  (status >= 400 && status < 500) || status === 501

async function removeObject({ client, Bucket, prefix }: Bucket, key: string): Promise<void> {
  try {
    await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + key }))
  } catch (error) {
    if (!isNothingThere(error)) throw error
  }
}

/** @returns the errors */
async function forEach<T>(
  values: readonly T[],
  work: (value: T) => Promise<void>,
): Promise<unknown[]> {
  const errors: unknown[] = []
  for (const some of chunk(values, AT_ONCE)) {
    for (const result of await Promise.allSettled(some.map(work))) {
      if (result.status === 'rejected') errors.push(result.reason)
    }
  }
  return errors
}

const chunk = <T>(values: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    values.slice(index * size, (index + 1) * size),
  )
