import { hash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Upload } from 'tus-js-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identifyProcess } from '../src/storage/journal/owner.ts'
import { expectConsistent } from './consistency.ts'
import { cutShort, makePng } from './fixtures.ts'
import { findFreePort } from './free-port.ts'
import { type Client, runCli, type Server, signIn, startServer } from './harness.ts'

let server: Server
let client: Client
let viewer: Client
let editor: Client
let settings: Record<string, string>
beforeAll(async () => {
  settings = { VITRINE_PORT: String(await findFreePort()), VITRINE_UPLOAD_BYTES: '4000000' }
  settings.VITRINE_MAX_IMAGE_BYTES = '1000000'
  server = await startServer(settings)
  client = await signIn(server)
  const password = 'a password for tests'
  for (const role of ['viewer', 'editor']) {
    const args = ['user', 'add', role, '--role', role, '--password-stdin']
    expect((await runCli(server.data, args, { input: password })).code).toBe(0)
  }
  viewer = await signIn(server, 'viewer', password)
  editor = await signIn(server, 'editor', password)
})
afterAll(async () => {
  await expectConsistent(server.data)
  expect(await server.stop()).toBe(0)
})

let seed = 900
const newImage = () => makePng({ width: 200, height: 150, seed: ++seed })
const encode = (text: string) => Buffer.from(text).toString('base64')
const metadata = (name: string) =>
  `name ${encode(name)},tags ${encode('a,b')},filename ${encode('T.png')}`

const TUS = { 'tus-resumable': '1.0.0' }
const OFFSET = 'application/offset+octet-stream'
type Headers = Record<string, string>

/** A request with the headers of the protocol. An empty text leaves a header out. */
function send(method: string, path: string, headers: Headers = {}, body?: Uint8Array, as = client) {
  const all = Object.entries({ ...TUS, ...headers }).filter(([, value]) => value !== '')
  return as.request(method, path, { headers: Object.fromEntries(all), ...(body && { body }) })
}

async function begin(length: number, name = 'Tower', headers: Headers = {}, body?: Uint8Array) {
  const given = { 'upload-length': String(length), 'upload-metadata': metadata(name), ...headers }
  const answer = await send('POST', '/media/uploads', given, body)
  return { ...answer, path: answer.headers.get('location') ?? '' }
}

const patch = (path: string, offset: number, body: Uint8Array, headers: Headers = {}) =>
  send('PATCH', path, { 'content-type': OFFSET, 'upload-offset': String(offset), ...headers }, body)

const offsetOf = async (path: string) =>
  Number((await send('HEAD', path)).headers.get('upload-offset'))

const itemOf = async (answer: { headers: globalThis.Headers }) => {
  const id = answer.headers.get('x-media-id')
  const { body } = await client.get(`/media/item/${id}`)
  const { bytes } = await client.get(`/media/original/${id}`)
  return { item: body.media, bytes }
}

const uploadsFolder = () => join(server.data, 'uploads')
const idOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

describe('a resumable upload', () => {
  it('tells what the server can do', async () => {
    const { status, headers } = await send('OPTIONS', '/media/uploads', { 'tus-resumable': '' })
    expect(status).toBe(204)
    expect(Object.fromEntries(headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,expiration,termination,checksum',
      'tus-max-size': '1000000',
      'tus-checksum-algorithm': 'sha1,sha256,sha512',
    })
  })

  it('becomes an item with its last byte', async () => {
    const image = await newImage()
    const begun = await begin(image.length)
    expect(begun.status).toBe(201)
    expect(begun.path).toMatch(/^\/media\/uploads\/[0-9a-f]{32}$/)
    expect(begun.headers.get('upload-offset')).toBe('0')
    expect(new Date(begun.headers.get('upload-expires') ?? '').getTime()).toBeGreaterThan(
      Date.now(),
    )

    const first = await patch(begun.path, 0, image.subarray(0, 1000))
    expect([first.status, first.headers.get('upload-offset')]).toEqual([204, '1000'])
    const told = await send('HEAD', begun.path)
    expect(told.status).toBe(200)
    expect(Object.fromEntries(told.headers)).toMatchObject({
      'tus-resumable': '1.0.0',
      'upload-offset': '1000',
      'upload-length': String(image.length),
      'upload-metadata': metadata('Tower'),
      'cache-control': 'no-store',
    })
    expect(told.headers.get('x-media-id')).toBeNull()

    const last = await patch(begun.path, 1000, image.subarray(1000))
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(image.length)])
    const { item, bytes } = await itemOf(last)
    expect(item).toMatchObject({
      name: 'Tower',
      tags: ['a', 'b'],
      fileName: 'T.png',
      addedBy: 'admin',
    })
    expect(bytes.equals(image)).toBe(true)

    // Whoever lost that answer gets it again.
    for (const again of [
      await send('HEAD', begun.path),
      await patch(begun.path, image.length, Buffer.alloc(0)),
    ]) {
      expect(again.headers.get('x-media-id')).toBe(String(item.id))
      expect(again.headers.get('upload-offset')).toBe(String(image.length))
    }
    const { body } = await client.request<{ entries: object[] }>(
      'GET',
      '/audit?action=media-added&limit=1',
    )
    expect(JSON.stringify(body)).toContain(`media:${item.id}`)
  })

  it('may begin with its first bytes, or with all of them', async () => {
    const image = await newImage()
    const body = { 'content-type': OFFSET }
    const part = await begin(image.length, 'Part', body, image.subarray(0, 500))
    expect([part.status, part.headers.get('upload-offset')]).toEqual([201, '500'])
    const rest = await patch(part.path, 500, image.subarray(500))
    expect((await itemOf(rest)).bytes.equals(image)).toBe(true)
    const whole = await newImage()
    const added = await begin(whole.length, 'Whole', body, whole)
    expect([added.status, added.headers.get('upload-offset')]).toEqual([201, String(whole.length)])
    expect((await itemOf(added)).item.name).toBe('Whole')
  })

  it('is 422 with the body of an add if its image is refused, and gone from then on', async () => {
    const image = cutShort(await newImage())
    const { body: added } = await client.add('Cut', [], image)
    const { path } = await begin(image.length)
    const { status, body } = await patch(path, 0, image)
    expect(status).toBe(422)
    expect(body).toEqual({ ...added, code: 422 })
    for (const method of ['HEAD', 'PATCH', 'DELETE']) {
      const headers = { 'content-type': OFFSET, 'upload-offset': '0' }
      expect([method, (await send(method, path, headers)).status]).toEqual([method, 410])
    }
  })

  it('goes on after its connection was cut', async () => {
    const image = await newImage()
    const { path } = await begin(image.length)
    const half = image.length >> 1
    const cut = client.start('PATCH', path, {
      ...TUS,
      'content-type': OFFSET,
      'upload-offset': '0',
      'content-length': String(image.length),
    })
    cut.on('error', () => {})
    cut.write(image.subarray(0, half))
    await expect.poll(() => offsetOf(path)).toBe(half)
    cut.destroy()
    const rest = await patch(path, half, image.subarray(half))
    expect((await itemOf(rest)).bytes.equals(image)).toBe(true)
  })

  it('ends the earlier request of a client that has come back', async () => {
    const image = await newImage()
    const { path } = await begin(image.length)
    const stuck = client.start('PATCH', path, {
      ...TUS,
      'content-type': OFFSET,
      'upload-offset': '0',
      'content-length': String(image.length),
    })
    stuck.write(image.subarray(0, 100))
    await expect.poll(() => offsetOf(path)).toBe(100)
    const ended = once(stuck, 'error')
    const rest = await patch(path, 100, image.subarray(100))
    expect((await itemOf(rest)).bytes.equals(image)).toBe(true)
    await ended
  })

  it('counts the bytes of a checksum only if it is right', async () => {
    const image = await newImage()
    const { path } = await begin(image.length)
    const part = image.subarray(0, 700)
    const checksum = (algorithm: string, bytes: Buffer) => ({
      'upload-checksum': `${algorithm} ${hash(algorithm, bytes, 'base64')}`,
    })
    const wrong = await patch(path, 0, part, checksum('sha1', image))
    expect([wrong.status, wrong.body.data]).toEqual([460, 'Checksum mismatch'])
    expect(await offsetOf(path)).toBe(0)
    expect((await patch(path, 0, part, checksum('sha1', part))).headers.get('upload-offset')).toBe(
      '700',
    )
    const rest = image.subarray(700)
    const last = await patch(path, 700, rest, checksum('sha256', rest))
    expect((await itemOf(last)).bytes.equals(image)).toBe(true)
    expect(last.headers.get('x-media-duplicates')).toBeNull()
    const twice = await begin(image.length, 'Twice', { 'content-type': OFFSET }, image)
    expect(twice.headers.get('x-media-duplicates')).toBe(last.headers.get('x-media-id'))
  })

  it('can be ended', async () => {
    const { path } = await begin(1000)
    expect((await send('DELETE', path)).status).toBe(204)
    expect((await send('HEAD', path)).status).toBe(404)
    const other = await begin(1000)
    const override = (method: string) =>
      send('POST', other.path, { 'x-http-method-override': method })
    expect((await override('HEAD')).headers.get('upload-offset')).toBe('0')
    expect((await override('GET')).status).toBe(405)
    expect((await override('DELETE')).status).toBe(204)
    expect(readdirSync(uploadsFolder()).filter((name) => name.startsWith(idOf(path)))).toEqual([])
  })

  it('ends after a day, and when the machine was started anew', async () => {
    for (const change of [{ began: Date.now() - 25 * 3600 * 1000 }, { boot: 'an earlier one' }]) {
      const { path } = await begin(1000)
      const record = join(uploadsFolder(), `${idOf(path)}.json`)
      writeFileSync(
        record,
        JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), ...change }),
      )
      expect((await send('HEAD', path)).status).toBe(410)
    }
  })

  it.each<[string, () => Promise<{ status: number; body: { data: string } }>, number, string]>([
    [
      'without the protocol',
      () => begin(9, 'a', { 'tus-resumable': '' }),
      412,
      'Precondition failed',
    ],
    [
      'of another version',
      () => begin(9, 'a', { 'tus-resumable': '0.2.2' }),
      412,
      'Precondition failed',
    ],
    [
      'without a length',
      () => begin(9, 'a', { 'upload-length': '' }),
      400,
      'Required parameters missing',
    ],
    [
      'of an unknown length',
      () => begin(9, 'a', { 'upload-defer-length': '1' }),
      400,
      'Invalid parameters',
    ],
    ['without a byte', () => begin(0), 400, 'Invalid parameters'],
    ['that is too large', () => begin(1_000_001), 413, 'Image too large'],
    [
      'without a name',
      () => begin(9, 'a', { 'upload-metadata': '' }),
      400,
      'Required parameters missing',
    ],
    ['with a name too long', () => begin(9, 'x'.repeat(256)), 400, 'Invalid parameters'],
    [
      'whose body is of another type',
      () => begin(9, 'a', { 'content-type': 'image/png' }, Buffer.from('a')),
      415,
      'Unsupported media type',
    ],
    [
      'with more bytes than it has',
      () => begin(3, 'a', { 'content-type': OFFSET }, Buffer.from('four')),
      400,
      'Invalid parameters',
    ],
    [
      'of a viewer',
      () => send('POST', '/media/uploads', { 'upload-length': '9' }, undefined, viewer),
      403,
      'Forbidden',
    ],
  ])('%s is refused', async (_, ask, status, data) => {
    const answer = await ask()
    expect([answer.status, answer.body.data]).toEqual([status, data])
  })

  it('is refused where it cannot go on', async () => {
    const { path } = await begin(1000)
    const body = Buffer.from('some')
    const statuses = [
      await patch(path, 1, body),
      await patch(path, 0, body, { 'content-type': '' }),
      await patch(path, 0, body, { 'upload-offset': '' }),
      await patch(path, 0, Buffer.alloc(1001)),
      await patch(path, 0, body, { 'upload-checksum': 'crc32 AAAA' }),
      await patch('/media/uploads/0123456789abcdef0123456789abcdef', 0, body),
      await patch('/media/uploads/..%2f..%2fvitrine.db', 0, body),
    ].map(({ status }) => status)
    expect(statuses).toEqual([409, 415, 400, 400, 400, 404, 404])
    for (const other of [editor, viewer]) {
      const { status } = await send('HEAD', path, {}, undefined, other)
      expect(status).toBe(other === editor ? 404 : 403)
    }
    expect(await offsetOf(path)).toBe(0)
  })

  it('waits its turn if the account has too much unfinished already', async () => {
    rmSync(uploadsFolder(), { recursive: true })
    const { path } = await begin(900_000)
    const refused = await begin(200_000)
    expect([refused.status, refused.body.data]).toEqual([503, 'Service busy'])
    expect(refused.headers.get('retry-after')).toBe('30')
    await send('DELETE', path)
    expect((await begin(200_000)).status).toBe(201)
  })
})

describe('a server that is killed', () => {
  async function restart() {
    await server.kill()
    server = await startServer(settings, server.data)
  }

  it('goes on with an upload', async () => {
    const image = await newImage()
    const { path } = await begin(image.length)
    await patch(path, 0, image.subarray(0, 1500))
    await restart()
    expect(await offsetOf(path)).toBe(1500)
    const last = await patch(path, 1500, image.subarray(1500))
    expect((await itemOf(last)).bytes.equals(image)).toBe(true)
  })

  it('never shows a whole upload that is no item, and adds none twice', async () => {
    const { host } = await identifyProcess()
    const owner = `99999999-1-${hash('sha256', host).slice(0, 16)}`
    const image = await newImage()
    // As it is left by a process that was killed before its item was made.
    const { path } = await begin(image.length, 'Killed before')
    const [part, record] = ['part', 'json'].map((end) =>
      join(uploadsFolder(), `${idOf(path)}.${end}`),
    )
    writeFileSync(part ?? '', image)
    renameSync(part ?? '', join(uploadsFolder(), `${idOf(path)}.${owner}-0.taken`))
    expect(await offsetOf(path)).toBe(image.length - 1)
    const saved = readFileSync(record ?? '')
    const last = await patch(path, image.length - 1, image.subarray(-1))
    const { item, bytes } = await itemOf(last)
    expect(bytes.equals(image)).toBe(true)
    // And by one that was killed after it.
    rmSync(join(uploadsFolder(), `${idOf(path)}.done`))
    writeFileSync(record ?? '', saved)
    writeFileSync(join(uploadsFolder(), `${idOf(path)}.${owner}-${item.id - 1}.taken`), image)
    const told = await send('HEAD', path)
    expect(told.headers.get('upload-offset')).toBe(String(image.length))
    expect(told.headers.get('x-media-id')).toBe(String(item.id))
    expect((await client.list('?search=Killed')).body.media).toHaveLength(1)
  })

  it('is come back to by tus-js-client', async () => {
    const image = await newImage()
    let isKilled = false
    const upload = await new Promise<Upload>((resolve, reject) => {
      const made = new Upload(image, {
        endpoint: `${server.url}/media/uploads`,
        headers: { cookie: client.cookie },
        metadata: { name: 'By tus-js-client', filename: 'x.png', tags: '["js"]' },
        chunkSize: 4000,
        retryDelays: [20, 100, 200, 400, 800, 1600, 3200],
        onChunkComplete: () => {
          if (isKilled) return
          isKilled = true
          void restart()
        },
        onError: reject,
        onSuccess: () => resolve(made),
      })
      made.start()
    })
    expect(isKilled).toBe(true)
    const told = await send('HEAD', new URL(upload.url ?? '').pathname)
    const { item, bytes } = await itemOf(told)
    expect(item).toMatchObject({ name: 'By tus-js-client', tags: ['js'] })
    expect(bytes.equals(image)).toBe(true)
  })
})
