import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import dns from 'node:dns'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  hasS3Server,
  makeBucket,
  S3_CREDENTIALS,
  type S3Server,
  useS3Server,
} from '../../../test/s3-server.ts'
import { openDatabase } from '../../database/open.ts'
import { openJournal } from '../journal/journal.ts'
import { newKey, type Storage } from '../storage.ts'
import { describeStorage } from '../storage-suite.ts'
import { openS3Storage } from './s3.ts'
import { createS3Client, patienceOf } from './s3-client.ts'
import { type FaultyProxy, startFaultyProxy } from './s3-faults.fixture.ts'
import { parseS3Url, type S3Place } from './s3-url.ts'

const MEBIBYTE = 1024 * 1024
/** Three parts. */
const LARGE = 17 * MEBIBYTE

describe.skipIf(!hasS3Server())('S3', () => {
  let server: S3Server
  let bucket: string
  let proxy: FaultyProxy
  let folder: string

  /** An empty place. */
  const emptyPlace = (endpoint = server.endpoint, more = ''): S3Place =>
    parseS3Url(`s3://${bucket}/${randomUUID()}?endpoint=${endpoint}${more}`)

  beforeAll(async () => {
    for (const [name, value] of Object.entries(S3_CREDENTIALS)) process.env[name] = value
    server = await useS3Server()
    bucket = parseS3Url(await makeBucket(server)).bucket
    proxy = await startFaultyProxy(server.endpoint)
    folder = await mkdtemp(join(tmpdir(), 'vitrine-s3-'))
  }, 120_000)
  afterAll(async () => {
    await proxy.close()
    await server.stop()
    await rm(folder, { recursive: true })
  })

  /** A client of the same service, without the code under test. */
  const raw = () => createS3Client(emptyPlace(), patienceOf(emptyPlace()))

  async function writeSource(bytes: Buffer): Promise<string> {
    const path = join(folder, randomBytes(8).toString('hex'))
    await writeFile(path, bytes)
    return path
  }

  const listUploads = async ({ prefix }: S3Place) => {
    const answer = await raw().send(
      new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }),
    )
    return answer.Uploads ?? []
  }

  const listNames = async (storage: Storage) =>
    (await Array.fromAsync(storage.list())).map(({ key }) => key).sort()

  describeStorage('S3', () => openS3Storage(emptyPlace()))

  describe('a bucket', () => {
    it('holds objects below its prefix', async () => {
      const place = emptyPlace()
      const storage = await openS3Storage(place)
      const key = newKey('originals', 'jpg')
      await storage.put(key, await writeSource(Buffer.from('bytes')))
      const name = { Bucket: bucket, Key: place.prefix + key }
      const { Body } = await raw().send(new GetObjectCommand(name))
      expect(await Body?.transformToString()).toBe('bytes')
      expect(await listNames(await openS3Storage(emptyPlace()))).toEqual([])
    })

    it('is found in the host name', async () => {
      const { lookup } = dns
      const loopback = vi.fn(
        (_name: string, _options: unknown, done: (...found: unknown[]) => void) =>
          done(null, [{ address: '127.0.0.1', family: 4 }]),
      )
      Object.assign(dns, { lookup: loopback })
      syncBuiltinESMExports()
      try {
        const endpoint = `http://s3.test:${new URL(server.endpoint).port}`
        const storage = await openS3Storage(emptyPlace(endpoint, '&path-style=false'))
        const key = newKey('variants', 'webp')
        await storage.put(key, await writeSource(Buffer.from('bytes')))
        expect(String(await storage.read(key))).toBe('bytes')
        expect(loopback.mock.calls[0]?.[0]).toBe(`${bucket}.s3.test`)
      } finally {
        Object.assign(dns, { lookup })
        syncBuiltinESMExports()
      }
    })

    it('lists page after page', async () => {
      const place = emptyPlace()
      const storage = await openS3Storage(place)
      const keys = Array.from({ length: 25 }, () => newKey('variants', 'webp')).sort()
      const source = await writeSource(Buffer.from(''))
      await Promise.all(keys.map((key) => storage.put(key, source)))
      const names = { Bucket: bucket, Prefix: place.prefix }
      expect((await raw().send(new ListObjectsV2Command(names))).IsTruncated).toBe(true)
      expect(await listNames(storage)).toEqual(keys)
      await storage.remove(keys)
      expect(await listNames(storage)).toEqual([])
    })

    it('lists foreign objects with any name, and sets them aside', async () => {
      const place = emptyPlace()
      const storage = await openS3Storage(place)
      const name = 'variants/holiday/a b+ü&<%20>\u0001.jpg'
      for (const Key of [place.prefix + name, `${place.prefix}variants/folder/`]) {
        await raw().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'bytes' }))
      }
      expect(await Array.fromAsync(storage.list())).toEqual([{ key: name, size: 5 }])
      const target = await storage.setAside(name)
      expect(await listNames(storage)).toEqual([])
      const Key = target.replace(`s3://${bucket}/`, '')
      expect(Key).toMatch(new RegExp(`^${place.prefix}strays/\\d+/variants/holiday/`))
      const { Body } = await raw().send(new GetObjectCommand({ Bucket: bucket, Key }))
      expect(await Body?.transformToString()).toBe('bytes')
    })
  })

  describe('a bucket that cannot be used', () => {
    const secret = S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY
    afterEach(() => vi.unstubAllEnvs())

    const failure = async (place: S3Place): Promise<string> => {
      const { message, stack = '' } = await openS3Storage(place).then(
        () => new Error('It was opened.'),
        (error) => error,
      )
      expect(message).not.toContain('\n')
      expect(stack).not.toContain(secret)
      return message
    }

    it('because it does not exist', async () => {
      const place = { ...emptyPlace(), bucket: 'no-such-bucket' }
      expect(await failure(place)).toContain(
        `There is no bucket no-such-bucket at ${server.endpoint}.`,
      )
    })

    it('because the secret is wrong', async () => {
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong')
      expect(await failure(emptyPlace())).toContain('does not accept the credentials')
    })

    it('because of the region', async () => {
      expect(await failure({ ...emptyPlace(), region: 'eu-north-1' })).toContain('another region')
    })

    it('because no server answers', async () => {
      expect(await failure(emptyPlace('http://127.0.0.1:1'))).toContain(
        'http://127.0.0.1:1 cannot be reached',
      )
    })

    it('because listing it is not allowed', async () => {
      proxy.failAlways('GET list-type', { status: 403, code: 'AccessDenied' })
      expect(await failure(emptyPlace(proxy.url))).toContain('do not allow listing the bucket')
      proxy.mend()
    })
  })

  describe('over a bad connection', () => {
    const slowDown = { status: 503, code: 'SlowDown' }
    const failed = { status: 500, code: 'InternalError' }
    let storage: Storage
    let place: S3Place
    const key = newKey('originals', 'jpg')
    const bytes = randomBytes(300_000)
    let source: string
    let large: string

    beforeAll(async () => {
      source = await writeSource(bytes)
      large = await writeSource(randomBytes(LARGE))
    })
    beforeEach(async () => {
      proxy.mend()
      place = emptyPlace(proxy.url)
      storage = await openS3Storage(place, { ...patienceOf(place), answer: 3000 })
      proxy.calls.length = 0
    })
    const count = (call: string) => proxy.calls.filter((made) => made === call).length

    it.each([
      ['slows down', slowDown],
      ['fails', failed],
      ['is not there for a moment', { status: 503, code: 'ServiceUnavailable' }],
      ['breaks off', 'reset' as const],
      ['says nothing', 'silence' as const],
    ])('tries again when S3 %s', async (_what, fault) => {
      proxy.fail('PUT', fault)
      proxy.fail('GET', fault)
      await storage.put(key, source)
      expect((await storage.read(key)).equals(bytes)).toBe(true)
      expect(count('PUT')).toBeGreaterThan(1)
      expect(count('GET')).toBeGreaterThan(1)
    })

    it('fails if S3 stays silent, without retrying for minutes', async () => {
      proxy.failAlways('HEAD', 'silence')
      const impatient = await openS3Storage({ ...place, timeout: 500 })
      await expect(impatient.put(key, source)).rejects.toMatchObject({
        cause: { name: 'S3Fault', operation: 'HeadObject', code: 'TimeoutError', attempts: 2 },
      })
      expect(count('HEAD')).toBe(2)
    })

    it('goes on when connections are reset, as when S3 restarts', async () => {
      proxy.fail('HEAD', 'reset', 'reset', 'reset', 'reset')
      await storage.put(key, source)
      expect(count('HEAD')).toBe(5)
    })

    it('finds an object if the response to its put was lost', async () => {
      proxy.failAlways('PUT', 'lost answer')
      await storage.put(key, source)
      expect((await storage.read(key)).equals(bytes)).toBe(true)
    })

    it('leaves nothing of a put if every attempt fails', async () => {
      proxy.failAlways('PUT', failed)
      const put = storage.put(key, source)
      await expect(put).rejects.toThrow(`Storing ${key} failed.`)
      await expect(put).rejects.toMatchObject({
        cause: { name: 'S3Fault', operation: 'PutObject', status: 500, attempts: 6 },
      })
      expect(await listNames(storage)).toEqual([])
    })

    it('does not mistake another object for its own', async () => {
      proxy.failAlways('PUT', 'lost answer')
      proxy.failAlways('HEAD', { status: 404, code: 'NotFound' })
      await expect(storage.put(key, source)).rejects.toThrow()
      proxy.mend()
      const other = await writeSource(randomBytes(300_000))
      await expect(storage.put(key, other)).rejects.toMatchObject({
        cause: { message: 'There is such an object already.' },
      })
    })

    it('makes S3 refuse bytes that were changed in transit', async () => {
      proxy.failAlways('PUT', 'changed body')
      await expect(storage.put(key, source)).rejects.toThrow()
      proxy.failAlways('PUT partNumber', 'changed body')
      await expect(storage.put(key, large)).rejects.toThrow()
      expect(await listNames(storage)).toEqual([])
    })

    it.each(['cut answer', 'silence'] as const)(
      'continues reading where a response broke off (%s)',
      async (fault) => {
        await storage.put(key, source)
        const impatient = await openS3Storage(place, {
          ...patienceOf(place),
          answer: 1000,
          silence: 1000,
        })
        proxy.fail('GET', 'cut answer', fault)
        expect((await impatient.read(key)).equals(bytes)).toBe(true)
        proxy.fail('GET', 'cut answer', fault)
        const { size, stream } = await impatient.open(key, { start: 1000, end: 250_000 })
        expect(size).toBe(bytes.length)
        expect((await buffer(stream)).equals(bytes.subarray(1000, 250_001))).toBe(true)
      },
    )

    it('gives up if responses keep breaking off', async () => {
      await storage.put(key, source)
      proxy.failAlways('GET', 'reset')
      proxy.fail('GET', 'cut answer')
      await expect(storage.read(key)).rejects.toThrow()
    })

    it('frees the connection of a stream that is destroyed', async () => {
      await storage.put(key, large)
      const { stream } = await storage.open(key)
      await once(stream, 'data')
      expect(proxy.open).toBe(1)
      stream.destroy()
      await vi.waitFor(() => expect(proxy.open).toBe(0))
    })

    it('removes one by one if S3 does not support batches', async () => {
      const keys = [key, newKey('originals', 'png'), newKey('variants', 'webp')]
      for (const each of keys) await storage.put(each, source)
      proxy.failAlways('POST delete', { status: 501, code: 'NotImplemented' })
      await storage.remove(keys)
      expect(await listNames(storage)).toEqual([])
      expect(count('DELETE')).toBe(3)
    })

    it('removes in a batch if S3 supports it', async () => {
      const keys = [key, newKey('variants', 'webp')]
      for (const each of keys) await storage.put(each, source)
      await storage.remove(keys)
      expect(await listNames(storage)).toEqual([])
      expect([count('POST delete'), count('DELETE')]).toEqual([1, 0])
    })

    it('tries every key of a removal, and rejects if one fails', async () => {
      const keys = [key, newKey('originals', 'png'), newKey('variants', 'webp')]
      for (const each of keys) await storage.put(each, source)
      proxy.failAlways('POST delete', { status: 501, code: 'NotImplemented' })
      proxy.fail('DELETE', { status: 403, code: 'AccessDenied' })
      await expect(storage.remove(keys)).rejects.toMatchObject({
        cause: { operation: 'DeleteObject', code: 'AccessDenied' },
      })
      expect(await listNames(storage)).toHaveLength(1)
    })

    it('distinguishes a missing bucket from a missing object', async () => {
      proxy.failAlways('GET', { status: 404, code: 'NoSuchBucket' })
      await expect(storage.read(key)).rejects.toMatchObject({ code: 'NoSuchBucket' })
    })

    it('fails its check if it cannot write or read, and soon notices that the fault is gone', async () => {
      let time = 0
      const checked = await openS3Storage(place, patienceOf(place), { now: () => time })
      proxy.failAlways('PUT', { status: 403, code: 'AccessDenied' })
      await expect(checked.check()).rejects.toMatchObject({ operation: 'PutObject' })
      proxy.mend()
      proxy.failAlways('GET', { status: 403, code: 'AccessDenied' })
      time += 1000
      await expect(checked.check()).rejects.toMatchObject({ operation: 'GetObject' })
      proxy.mend()
      time += 1000
      await checked.check()
      // Between two writes, the check still sends a HEAD request.
      proxy.failAlways('HEAD', { status: 403, code: 'AccessDenied' })
      time += 5000
      await expect(checked.check()).rejects.toMatchObject({ operation: 'HeadObject' })
    })

    it('sends few requests, and very few writes, for any number of checks', async () => {
      let time = 0
      const checked = await openS3Storage(place, patienceOf(place), { now: () => time })
      proxy.calls.length = 0
      // Two minutes, every 250 ms.
      for (; time < 120_000; time += 250) await checked.check()
      expect(count('PUT')).toBeLessThanOrEqual(3)
      expect(proxy.calls.length).toBeLessThanOrEqual(30)
      // The same while the bucket fails.
      proxy.failAlways('*', { status: 403, code: 'AccessDenied' })
      time += 10_000
      proxy.calls.length = 0
      for (const end = time + 10_000; time < end; time += 100) {
        await expect(checked.check()).rejects.toThrow()
      }
      expect(proxy.calls.length).toBeLessThanOrEqual(10)
    })

    describe('in parts', () => {
      it('puts a large file, and repeats lost requests', async () => {
        proxy.fail('POST uploads', 'lost answer')
        proxy.fail('PUT partNumber', slowDown, 'lost answer', 'reset')
        proxy.fail('POST uploadId', 'lost answer')
        await storage.put(key, large)
        const { size, stream } = await storage.open(key)
        expect(size).toBe(LARGE)
        expect((await buffer(stream)).equals(await readFile(large))).toBe(true)
        expect(count('PUT partNumber')).toBe(6)
        // Two uploads were started, and none is left.
        expect(await listUploads(place)).toEqual([])
        await storage.remove([key])
        expect(await listNames(storage)).toEqual([])
      })

      it('opens the bytes from one part to another', async () => {
        await storage.put(key, large)
        const range = { start: 8 * MEBIBYTE - 5, end: 8 * MEBIBYTE + 5 }
        const { stream } = await storage.open(key, range)
        const all = await readFile(large)
        expect((await buffer(stream)).equals(all.subarray(range.start, range.end + 1))).toBe(true)
      })

      it.each(['PUT partNumber', 'POST uploadId'])('leaves nothing when %s fails', async (call) => {
        proxy.failAlways(call, failed)
        await expect(storage.put(key, large)).rejects.toThrow()
        proxy.mend()
        expect(await listUploads(place)).toEqual([])
        expect(await listNames(storage)).toEqual([])
      })

      it('finds an object if the response to its completion was lost', async () => {
        proxy.failAlways('POST uploadId', 'lost answer')
        await storage.put(key, large)
        const { stream } = await storage.open(key)
        expect((await buffer(stream)).equals(await readFile(large))).toBe(true)
      })

      it('fails if the object does not exist after its completion', async () => {
        proxy.fail('HEAD', undefined, { status: 404, code: 'NotFound' })
        await expect(storage.put(key, large)).rejects.toMatchObject({
          cause: { message: 'The joined object is not the file that was sent.' },
        })
      })

      it('removes and lists the remains of a killed put', async () => {
        await killInTheMiddle(key)
        expect(await listUploads(place)).toHaveLength(1)
        expect(await Array.fromAsync(storage.list())).toEqual([{ key: `${key}.part`, size: 0 }])
        expect(await storage.size(key)).toBeUndefined()
        await storage.remove([key])
        expect(await listUploads(place)).toEqual([])
        expect(await listNames(storage)).toEqual([])
      })

      it('drops unknown unfinished uploads', async () => {
        const upload = { Bucket: bucket, Key: place.prefix + key }
        for (let nth = 0; nth < 2; nth++) {
          const { UploadId } = await raw().send(new CreateMultipartUploadCommand(upload))
          await raw().send(
            new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'bytes' }),
          )
        }
        expect(await listNames(storage)).toEqual([`${key}.part`])
        expect(await storage.setAside(`${key}.part`)).toContain('unfinished upload')
        expect(await listUploads(place)).toEqual([])
      })

      it('is swept by the journal after a kill', async () => {
        const opened: { close(): Promise<void> }[] = []
        try {
          const database = await openDatabase(join(folder, `${randomUUID()}.db`))
          opened.push(database)
          const log = pino({ level: 'silent' })
          const killed = await openJournal({ database, storage, log })
          opened.push(killed)
          const whole = newKey('variants', 'webp')
          await killed.record([key, whole])
          await storage.put(whole, source)
          await killInTheMiddle(key)
          expect(await listNames(storage)).toEqual([`${key}.part`, whole].sort())
          // Makes the owner look like a process that has ended.
          await database.write((trx) =>
            trx
              .updateTable('owners')
              .set({ started: '1' })
              .where('id', '=', killed.owner)
              .execute(),
          )
          opened.push(await openJournal({ database, storage, log }))
          expect(await listNames(storage)).toEqual([])
        } finally {
          for (const each of opened.reverse()) await each.close()
        }
      })

      /** Starts a process that puts a large file under this key, and kills it after the first part. */
      async function killInTheMiddle(key: string) {
        proxy.fail('PUT partNumber', undefined, 'silence', 'silence')
        const url = `s3://${bucket}/${place.prefix}?endpoint=${proxy.url}`
        const child: ChildProcess = spawn(
          process.execPath,
          [join(import.meta.dirname, 's3-put.fixture.ts'), url, key, large],
          { stdio: 'inherit' },
        )
        const exited = once(child, 'exit')
        // The third part starts after the first is stored.
        await vi.waitFor(() => expect(count('PUT partNumber')).toBeGreaterThanOrEqual(3), 30_000)
        child.kill('SIGKILL')
        expect((await exited)[1]).toBe('SIGKILL')
        proxy.mend()
      }
    })
  })

  describe('redirects', () => {
    const key = newKey('originals', 'jpg')
    const disposition = `attachment; filename="T_r.jpg"; filename*=UTF-8''T%C3%BCr.jpg`
    const headers = { type: 'image/jpeg', cacheControl: 'private, no-cache', disposition }

    it('are off by default', async () => {
      expect((await openS3Storage(emptyPlace())).redirect).toBeUndefined()
    })

    it('lead to the bytes, with the given headers', async () => {
      const storage = await openS3Storage(emptyPlace(server.endpoint, '&delivery=redirect'))
      await storage.put(key, await writeSource(Buffer.from('some bytes')))
      const address = (await storage.redirect?.addressOf(key, headers)) ?? ''
      expect(new URL(address).origin).toBe(storage.redirect?.origin)
      expect(address).not.toContain(S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY)
      const answer = await fetch(address)
      expect(await answer.text()).toBe('some bytes')
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'image/jpeg',
        'cache-control': 'private, no-cache',
        'content-disposition': disposition,
      })
      const part = await fetch(address, { headers: { range: 'bytes=5-' } })
      expect([part.status, await part.text()]).toEqual([206, 'bytes'])
    })

    it('are valid only for this object, this method and these minutes', async () => {
      const storage = await openS3Storage(emptyPlace(server.endpoint, '&delivery=redirect'))
      await storage.put(key, await writeSource(Buffer.from('some bytes')))
      const address = (await storage.redirect?.addressOf(key, headers)) ?? ''
      const other = address.replace(key, newKey('originals', 'jpg'))
      const longer = address.replace('X-Amz-Expires=300', 'X-Amz-Expires=3000')
      const typed = address.replace('image%2Fjpeg', 'text%2Fhtml')
      for (const changed of [other, longer, typed]) {
        expect(changed).not.toBe(address)
        expect((await fetch(changed)).status).toBe(403)
      }
      expect((await fetch(address, { method: 'DELETE' })).status).toBe(403)
      expect((await fetch(address, { method: 'PUT', body: 'x' })).status).toBe(403)
      await expect(storage.redirect?.addressOf('../x', headers)).rejects.toThrow('no storage key')
    })
  })
})
