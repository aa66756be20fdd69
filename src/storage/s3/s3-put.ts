import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { heard } from '../../base/heard.ts'
import { type Bucket, endUploads, headObject } from './s3-bucket.ts'

/**
 * Up to here an object goes up in one request, past it in parts of this size, two at a time. What is
 * sent is held in memory, because only that can be sent again.
 */
export const PART_BYTES = 8 * 1024 * 1024

/**
 * Stores a file under a key of which there is no object. The object says by its metadata which bytes
 * it has: if S3 reports a failure, or nothing at all, that decides whether it is stored.
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
    // They are ended below, once it is clear that there is no object after all.
    leavePartsOnError: true,
  })
  const failure = await upload.done().then(
    () => undefined,
    (error) => ({ error }),
  )
  // Asked also after a success: unlike the parts, what was made of them was compared by nobody.
  const stored = isStored(bucket, key, size, sha256)
  const isThere = failure ? await stored.catch(() => false) : await stored
  // Also of a success: if the answer to the beginning was lost, it was begun twice. Should this fail,
  // what is left is no object, and a removal ends it.
  await endUploads(bucket, key).catch(() => {})
  if (isThere) return
  throw failure ? failure.error : new Error('What was made of the parts is not what was sent.')
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
