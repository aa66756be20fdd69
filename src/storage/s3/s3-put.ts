import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { heard } from '../../base/heard.ts'
import { type Bucket, endUploads, headObject } from './s3-bucket.ts'

/**
 * Up to this size, an object is uploaded in one request; above it, in parts of this size, two at a time. Sent
 * bytes are held in memory, because a retry must send them again.
 */
export const PART_BYTES = 8 * 1024 * 1024

/**
 * Stores a file under a key that has no object yet. The metadata of the object contains the SHA-256 of its
 * bytes. If S3 reports a failure, or does not respond, this hash decides whether the object is stored.
 */
export async function putFile(bucket: Bucket, key: string, path: string): Promise<void> {
  const { size } = await stat(path)
  if (size <= PART_BYTES) await putWhole(bucket, key, await readFile(path))
  else await putParts(bucket, key, path, size)
}

async function putWhole(bucket: Bucket, key: string, bytes: Buffer): Promise<void> {
  const { client, Bucket, prefix } = bucket
  const sha256 = hash('sha256', bytes)
  const object = { Bucket, Key: prefix + key, Body: bytes, Metadata: { sha256 } }
  try {
    await client.send(new PutObjectCommand(object))
  } catch (error) {
    if (await isStored(bucket, key, bytes.length, sha256).catch(() => false)) return
    throw error
  }
}

async function putParts(bucket: Bucket, key: string, path: string, size: number): Promise<void> {
  const { client, Bucket, prefix } = bucket
  const digest = createHash('sha256')
  await pipeline(heard(createReadStream(path)), digest)
  const sha256 = digest.digest('hex')
  const upload = new Upload({
    client,
    params: {
      Bucket,
      Key: prefix + key,
      Body: heard(createReadStream(path)),
      Metadata: { sha256 },
    },
    partSize: PART_BYTES,
    queueSize: 2,
    // The parts are deleted below, after the check whether the object exists.
    leavePartsOnError: true,
  })
  const failure = await upload.done().then(
    () => undefined,
    (error) => ({ error }),
  )
  // Checked also after a success: S3 has verified the parts, but not the object made of them.
  const stored = isStored(bucket, key, size, sha256)
  const isThere = failure ? await stored.catch(() => false) : await stored
  // Also after a success: if the response to the start was lost, the upload was started twice. If this fails,
  // the rest is not an object, and a removal of the key aborts it.
  await endUploads(bucket, key).catch(() => {})
  if (isThere) return
  throw failure ? failure.error : new Error('The joined object is not the file that was sent.')
}

async function isStored(
  bucket: Bucket,
  key: string,
  size: number,
  sha256: string,
): Promise<boolean> {
  const found = await headObject(bucket, key)
  return found?.size === size && found.sha256 === sha256
}
