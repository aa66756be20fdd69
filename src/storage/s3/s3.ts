import { buffer } from 'node:stream/consumers'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createBudget } from '../../base/budget.ts'
import {
  type ByteRange,
  checkKey,
  isListed,
  KINDS,
  ObjectMissing,
  type Redirect,
  type RedirectHeaders,
  type Storage,
} from '../storage.ts'
import { bodyOf, streamBody } from './s3-body.ts'
import {
  type Bucket,
  decodeName,
  endUploads,
  getObject,
  headObject,
  listUploads,
} from './s3-bucket.ts'
import { createS3Check, explainStart } from './s3-check.ts'
import { createS3Client, patienceOf } from './s3-client.ts'
import { isNothingThere, S3Fault } from './s3-fault.ts'
import { putFile } from './s3-put.ts'
import { removeObjects } from './s3-remove.ts'
import type { S3Place } from './s3-url.ts'

/** Most concurrent puts. It bounds the memory that they hold (see `PART_BYTES`). */
const MAX_PUTS = 8

/** Suffix of an unfinished multipart upload in a list. The upload has no name of its own. */
const PART = '.part'

/**
 * Stores objects in a bucket: `<prefix>originals/3f2/<32 hex>.jpg`. Credentials come from the SDK's standard
 * chain.
 *
 * @param options.mayBeAway if given, the function does not wait for the bucket. If the bucket cannot be
 *   listed, `mayBeAway` gets the error
 * @param options.now see `createS3Check`
 * @throws S3Fault if the bucket cannot be listed. Its message is one sentence with advice
 */
export async function openS3Storage(
  place: S3Place,
  patience = patienceOf(place),
  {
    mayBeAway,
    now = () => performance.now(),
  }: { mayBeAway?: ((fault: unknown) => void) | undefined; now?: () => number } = {},
): Promise<Storage> {
  const client = createS3Client(place, patience)
  const bucket: Bucket = { client, Bucket: place.bucket, prefix: place.prefix }
  const { Bucket, prefix } = bucket
  const listed = client
    .send(new ListObjectsV2Command({ Bucket, Prefix: prefix, MaxKeys: 1 }))
    .catch((error) => {
      throw explainStart(place, error)
    })
  if (mayBeAway) listed.catch(mayBeAway)
  else await listed

  const puts = createBudget('storing', MAX_PUTS, Number.POSITIVE_INFINITY)
  const beingPut = new Set<string>()

  async function put(key: string, path: string): Promise<void> {
    if (beingPut.has(key)) throw new Error('It is being stored already.')
    beingPut.add(key)
    const release = await puts.take(1)
    try {
      // A conditional write would need only one request, but few services support it. Puts of other
      // processes need no check, because each process makes its own keys.
      if (await headObject(bucket, key)) throw new Error('There is such an object already.')
      await putFile(bucket, key, path)
    } finally {
      release()
      beingPut.delete(key)
    }
  }

  async function open(key: string, range?: ByteRange) {
    checkKey(key)
    if (range && (range.start < 0 || range.end < range.start)) throw outOfRange(key, range)
    const answer = await getObject(bucket, key, range && headerOf(range)).catch((error) => {
      if (isNothingThere(error)) throw new ObjectMissing(key, { cause: error })
      if (error instanceof S3Fault && error.status === 416 && range) throw outOfRange(key, range)
      throw error
    })
    const body = bodyOf(answer)
    const { size, ...sent } = readExtent(answer)
    if (range && sent.start !== range.start) {
      body.destroy()
      // Some services answer a range of an empty object with the whole object.
      if (size === 0) throw outOfRange(key, range)
      throw new Error(`S3 sent the bytes of ${key} from ${sent.start} on, not from ${range.start}.`)
    }
    const ask = async (rest: ByteRange) => bodyOf(await getObject(bucket, key, headerOf(rest)))
    return { size, stream: streamBody(body, sent, ask) }
  }

  return {
    putsComeLate: true,

    async put(key, path) {
      checkKey(key)
      await put(key, path).catch((error) => {
        throw new Error(`Storing ${key} failed.`, { cause: error })
      })
    },

    open,

    async read(key) {
      const { stream } = await open(key)
      return buffer(stream)
    },

    async size(key) {
      checkKey(key)
      return (await headObject(bucket, key))?.size
    },

    async remove(keys) {
      for (const key of keys) checkKey(key)
      const errors = await removeObjects(bucket, keys)
      if (errors.length > 0) {
        throw new AggregateError(errors, 'Removing objects failed.', { cause: errors[0] })
      }
    },

    async *list() {
      for (const kind of KINDS) {
        const query = { Bucket, Prefix: `${prefix}${kind}/`, EncodingType: 'url' as const }
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, query)) {
          for (const { Key = '', Size = 0 } of Contents) {
            const key = decodeName(Key).slice(prefix.length)
            // A name that ends in a slash is an empty object, with which consoles show a folder.
            if (!key.endsWith('/')) yield { key, size: Size }
          }
        }
        let last: string | undefined
        for await (const { key } of listUploads(bucket, `${kind}/`)) {
          // One entry for all uploads of a key. Their size is 0, because the parts are not an object yet.
          if (key !== last) yield { key: key + PART, size: 0 }
          last = key
        }
      }
    },

    async setAside(name) {
      if (!isListed(name)) throw new Error(`${JSON.stringify(name)} is not in storage.`)
      if (name.endsWith(PART) && !(await headObject(bucket, name))) {
        await endUploads(bucket, name.slice(0, -PART.length))
        return 'nowhere: it was an unfinished upload, and was ended'
      }
      const target = `${prefix}strays/${Date.now()}/${name}`
      const CopySource = encodeURIComponent(`${Bucket}/${prefix}${name}`)
      await client.send(new CopyObjectCommand({ Bucket, Key: target, CopySource }))
      await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + name }))
      return `s3://${Bucket}/${target}`
    },

    check: createS3Check(bucket, now),

    ...(place.delivery === 'redirect' && { redirect: await createRedirect(bucket) }),
  }
}

const headerOf = ({ start, end }: ByteRange): string => `bytes=${start}-${end}`

const outOfRange = (key: string, { start, end }: ByteRange) =>
  new RangeError(`${key} has no bytes from ${start} to ${end}.`)

/** Reads which bytes a response has, and the size of the whole object. */
function readExtent({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput) {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? []
  if (size === undefined) return { start: 0, end: ContentLength - 1, size: ContentLength }
  return { start: Number(start), end: Number(end), size: Number(size) }
}

/** Long enough to start a queued download, short enough not to be a lasting permission. */
const SECONDS = 300

/** Makes presigned addresses of the bucket, without a request to S3. */
async function createRedirect({ client, Bucket, prefix }: Bucket): Promise<Redirect> {
  const sign = (key: string, headers: Partial<RedirectHeaders> = {}) =>
    getSignedUrl(
      client,
      new GetObjectCommand({
        Bucket,
        Key: prefix + key,
        ResponseContentType: headers.type,
        ResponseCacheControl: headers.cacheControl,
        ResponseContentDisposition: headers.disposition,
      }),
      { expiresIn: SECONDS },
    )
  return {
    origin: new URL(await sign('.check')).origin,
    seconds: SECONDS,
    async addressOf(key, headers) {
      checkKey(key)
      return sign(key, headers)
    },
  }
}
