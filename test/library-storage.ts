/** The storage of a test's library: its data folder, or a place in the bucket of the test file. */
import { hash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { openDiskStorage } from '../src/storage/disk.ts'
import { openS3Storage } from '../src/storage/s3/s3.ts'
import { createS3Client, patienceOf } from '../src/storage/s3/s3-client.ts'
import { parseS3Url } from '../src/storage/s3/s3-url.ts'
import { KINDS, type Storage } from '../src/storage/storage.ts'
import { makeBucket, S3_CREDENTIALS, S3_VARIABLE, useS3Server } from './s3-server.ts'

/** Whether this test run uses a bucket, for which `run.ts` has started a server. */
export const onS3 =
  process.env.VITRINE_TEST_STORAGE === 's3' && process.env[S3_VARIABLE] !== undefined

let bucket: Promise<string> | undefined

/** The URL of a data folder's own place in the bucket of this test file. */
async function locateBucket(data: string): Promise<string> {
  bucket ??= useS3Server().then(makeBucket)
  const prefix = hash('sha256', data).slice(0, 16)
  return (await bucket).replace('?', `/${prefix}?`)
}

/** Settings with which a process finds the objects. */
export async function storageSettings(data: string): Promise<Record<string, string>> {
  return onS3 ? { VITRINE_STORAGE_URL: await locateBucket(data), ...S3_CREDENTIALS } : {}
}

/** Opens the storage directly, not through the server. */
export async function openLibraryStorage(data: string): Promise<Storage> {
  if (!onS3) return openDiskStorage(join(data, 'files'))
  Object.assign(process.env, S3_CREDENTIALS)
  return openS3Storage(parseS3Url(await locateBucket(data)))
}

/** By key and MD5, so that an unchanged object is read only once. */
const hashes = new Map<string, string>()

/** The SHA-256 of every object below a data folder's place in the bucket. */
export async function hashObjects(data: string): Promise<Record<string, string>> {
  const storage = await openLibraryStorage(data)
  const place = parseS3Url(await locateBucket(data))
  const { bucket: Bucket, prefix } = place
  const client = createS3Client(place, patienceOf(place))
  const stored: Record<string, string> = {}
  for (const kind of KINDS) {
    const query = { Bucket, Prefix: `${prefix}${kind}/` }
    for await (const { Contents = [] } of paginateListObjectsV2({ client }, query)) {
      for (const { Key = '', ETag = '' } of Contents) {
        const key = Key.slice(prefix.length)
        const sha256 = hashes.get(key + ETag) ?? hash('sha256', await storage.read(key))
        hashes.set(key + ETag, sha256)
        stored[key] = sha256
      }
    }
  }
  client.destroy()
  return stored
}

/** Removes an object, as a failing disk may. */
export async function loseObject(data: string, key: string): Promise<void> {
  await (await openLibraryStorage(data)).remove([key])
}

/** Replaces the bytes of an object. */
export async function replaceObject(data: string, key: string, bytes: Uint8Array): Promise<void> {
  const storage = await openLibraryStorage(data)
  const source = join(data, 'replacement')
  await writeFile(source, bytes)
  await storage.remove([key])
  await storage.put(key, source)
  await rm(source)
}
