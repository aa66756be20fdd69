import { buffer } from 'node:stream/consumers'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { createBudget } from '../../base/budget.ts'
import {
  type ByteRange,
  checkKey,
  isListed,
  KINDS,
  ObjectMissing,
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
import { createS3Check } from './s3-check.ts'
import { createS3Client, patienceOf } from './s3-client.ts'
import { isNothingThere, S3Fault } from './s3-fault.ts'
import { putFile } from './s3-put.ts'
import { createRedirect } from './s3-redirect.ts'
import { removeObjects } from './s3-remove.ts'
import { explainStart } from './s3-start.ts'
import type { S3Place } from './s3-url.ts'

/** As many as are put at once, so that what they hold in memory (see `PART_BYTES`) stays bounded. */
const MAX_PUTS = 8

/** What an unfinished multipart upload is called in a list: it has no name of its own. */
const PART = '.part'

/**
 * Objects in a bucket: `<prefix>originals/3f2/<32 hex>.jpg`. Credentials come from where the SDK
 * always looks for them.
 *
 * @param options.mayBeAway is told of a bucket that cannot be listed, instead of whoever opens it
 * @param options.now see `createS3Check`
 * @throws S3Fault if the bucket cannot be listed: one sentence that says what to mend
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
  // Nobody waits for what may be away, either.
  if (mayBeAway) listed.catch(mayBeAway)
  else await listed

  const puts = createBudget('storing', MAX_PUTS, Number.POSITIVE_INFINITY)
  const beingPut = new Set<string>()

  async function put(key: string, path: string): Promise<void> {
    if (beingPut.has(key)) throw new Error('It is being stored already.')
    beingPut.add(key)
    const release = await puts.take(1)
    try {
      // Conditional writes would say the same in one request, but few services have them. Between
      // processes nothing more is needed: each makes keys of its own.
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
      // Some answer a range of an empty object with the whole of it.
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
            // What ends in a slash is empty, and made by consoles to show a folder.
            if (!key.endsWith('/')) yield { key, size: Size }
          }
        }
        let last: string | undefined
        for await (const { key } of listUploads(bucket, `${kind}/`)) {
          // One name for all uploads of a key; their parts count for nothing until they are joined.
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

/** Which bytes an answer has, of how many. */
function readExtent({ ContentRange, ContentLength = 0 }: GetObjectCommandOutput) {
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? []
  if (size === undefined) return { start: 0, end: ContentLength - 1, size: ContentLength }
  return { start: Number(start), end: Number(end), size: Number(size) }
}
