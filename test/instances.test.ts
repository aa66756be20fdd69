import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { TagList } from '../src/media/list/tags-route.ts'
import { makePng } from './fixtures.ts'
import { findFreePort } from './free-port.ts'
import {
  Client,
  makeDataFolder,
  runCli,
  type Server,
  type Settings,
  signIn,
  startServer,
} from './harness.ts'
import { findNginx } from './install-nginx.ts'
import { startNginx } from './nginx.ts'
import { databaseSettings, locateDatabase } from './postgres.ts'
import { hasS3Server, makeBucket, S3_CREDENTIALS, type S3Server, useS3Server } from './s3-server.ts'
import { keyOf } from './squares.ts'

const PATIENCE = { timeout: 30_000 }

const DUTIES = {
  api: { VITRINE_FILE_SERVICE: 'false', VITRINE_DELIVERY: 'off' },
  files: { VITRINE_API: 'false', VITRINE_DELIVERY: 'off' },
  delivery: {
    VITRINE_API: 'false',
    VITRINE_FILE_SERVICE: 'false',
    VITRINE_IIIF: 'true',
    VITRINE_PUBLIC_URL: 'https://images.example',
  },
}

describe.skipIf(!hasS3Server() || !findNginx())('several instances', () => {
  const home = makeDataFolder()
  let settings: Settings
  let bucket: S3Server
  let api: Server[]
  let files: Server[]
  let delivery: Server[]
  let nginx: Awaited<ReturnType<typeof startNginx>>
  /** A client of the whole deployment, through nginx. */
  let client: Client

  /** Each instance has a data folder of its own for temporary files. */
  const start = (duties: Settings) => startServer({ ...settings, ...duties }, makeDataFolder())

  beforeAll(async () => {
    bucket = await useS3Server()
    settings = {
      ...(await databaseSettings(home)),
      VITRINE_STORAGE_URL: await makeBucket(bucket),
      VITRINE_TRUSTED_PROXIES: '127.0.0.1',
      ...S3_CREDENTIALS,
    }
    // All start at once on an empty database.
    const [api1, api2, files1, files2, delivery1] = await Promise.all([
      start(DUTIES.api),
      start(DUTIES.api),
      start({ ...DUTIES.files, VITRINE_INSTANCE: 'files-1' }),
      start({ ...DUTIES.files, VITRINE_INSTANCE: 'files-2' }),
      start(DUTIES.delivery),
    ])
    api = [api1, api2]
    files = [files1, files2]
    delivery = [delivery1]
    nginx = await startNginx({ api, files, delivery }, await findFreePort())
    client = await new Client(nginx.url).signIn()
    expect((await user('add', 'bob', '--role', 'viewer', '--password-stdin')).code).toBe(0)
  })
  afterAll(async () => {
    await nginx?.stop()
    for (const server of [...(api ?? []), ...(files ?? []), ...(delivery ?? [])]) {
      expect(server.log()).not.toContain('"level":50')
      expect(await server.stop()).toBe(0)
    }
    await bucket?.stop()
  })

  /** A client that calls one instance directly, with the same session. */
  const at = (server: { url: string }, { cookie } = client) => {
    const other = new Client(server.url)
    other.cookie = cookie
    return other
  }
  const user = (...args: string[]) =>
    runCli(home, ['user', ...args], { settings, input: 'another password' })
  const one = <T>(list: readonly T[], index: number): T => {
    const found = list[index]
    if (found === undefined) throw new Error(`There is no number ${index}.`)
    return found
  }
  let seed = 1
  const makeImage = () => makePng({ width: 30, height: 20, seed: seed++ })

  const readJournal = async () => {
    const database = await openDatabase(await locateDatabase(home))
    try {
      return await database.read.selectFrom('journal').select('key').execute()
    } finally {
      await database.close()
    }
  }

  /** Checks that every item has its bytes, and that no object is without a row. */
  const expectSound = async () => {
    // The rows of an object that was removed stay for a second.
    await expect.poll(readJournal, PATIENCE).toEqual([])
    const { code, stdout, stderr } = await runCli(home, ['doctor'], { settings })
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing found'),
    })
    expect(stdout).not.toContain('left for the server to remove')
  }

  it('act as one library: sign-in, add, list and delete each at a different instance', async () => {
    const image = await makeImage()
    const signedIn = await signIn(one(api, 0))
    const added = await at(one(files, 1), signedIn).add('Shared', ['tag'], image)
    expect(added.status).toBe(200)
    const { id, urls } = added.body.media
    expect((await at(one(api, 1), signedIn).list('?search=shared')).body.media).toHaveLength(1)
    expect((await client.get(`/media/original/${id}`)).bytes).toEqual(Buffer.from(image))

    // nginx caches the image under its immutable URL.
    const part = `/iiif/${keyOf({ urls })}/square/max/0/default.jpg`
    for (const path of [urls.high, urls.high, urls.scaled, part, `/media/image/${id}/high`]) {
      expect((await client.get(path)).status).toBe(200)
      // Pages of other origins may read every response, also a cached one or a refusal.
      for (const [status, asked, headers] of [
        [200, path, {}],
        [206, path, { range: 'bytes=0-9' }],
        [304, path, { 'if-none-match': '*' }],
        [404, '/media/image/999999', {}],
      ] as const) {
        const answer = await client.get(asked, { headers })
        const allowed = answer.headers.get('access-control-allow-origin')
        expect([answer.status, allowed], asked).toEqual([status, '*'])
      }
    }
    // Each instance has answered all of these requests before, so it may have cached them.
    const shown = async () => {
      const seen: number[] = []
      for (const server of api) {
        const asker = at(server)
        for (const query of ['', '?search=shared', '?limit=1']) {
          seen.push((await asker.list(query)).body.media.length)
        }
        const { tags } = (await asker.request<TagList>('GET', '/media/tags')).body
        seen.push(tags.length)
        for (const path of [`/media/item/${id}`, `/media/original/${id}`]) {
          seen.push((await asker.get(path)).status)
        }
      }
      for (const path of [`/media/image/${id}`, `/media/image/${id}/high`]) {
        for (const asker of [client, at(one(delivery, 0))])
          seen.push((await asker.get(path)).status)
      }
      return seen
    }
    const before = [1, 1, 1, 1, 200, 200, 1, 1, 1, 1, 200, 200, 200, 200, 200, 200]
    expect([await shown(), await shown()]).toEqual([before, before])
    expect((await at(one(files, 0), signedIn).delete(`/media/delete/${id}`)).status).toBe(200)
    expect(await shown()).toEqual(before.map((value) => (value === 200 ? 404 : 0)))
    expect((await client.get(`/media/original/${id}`)).status).toBe(404)
    expect((await at(one(delivery, 0)).get(urls.high)).status).toBe(404)
    for (const path of [urls.high, part]) {
      await expect.poll(async () => (await client.get(path)).status, PATIENCE).toBe(404)
    }
    await expectSound()
  })

  it('get the requests for their paths from nginx', async () => {
    expect((await client.request('OPTIONS', '/media/add')).status).toBe(204)
    expect((await at(one(api, 0)).request('OPTIONS', '/media/add')).status).toBe(503)
    expect((await client.list()).body.media).toEqual([])
    const { body } = await client.add('Through nginx', [], await makeImage())
    const edited = await client.post(`/media/edit/${body.media.id}`, {
      name: 'Edited',
      tags: ['x'],
    })
    expect(edited.body.media.name).toBe('Edited')
    expect((await client.get('/media/tags')).body).toMatchObject({ tags: [{ tag: 'x', count: 1 }] })
    const { id } = body.media
    const json = { image: (await makeImage()).toString('base64') }
    expect((await client.post(`/media/replace/${id}`, json)).status).toBe(200)
    const versions = `/media/item/${id}/versions`
    expect((await client.post(`${versions}/1/restore`, undefined)).status).toBe(200)
    expect((await client.get(versions)).body).toMatchObject({ versions: [{}, {}, {}] })
    expect((await client.delete(`${versions}/2`)).status).toBe(200)
    const removed = await client.post('/media/bulk/delete', { ids: [body.media.id] })
    expect(removed.status).toBe(200)
    expect((await client.list()).body.media).toEqual([])
  })

  it('go on with the resumable uploads that they began, through nginx', async () => {
    const TUS = { 'tus-resumable': '1.0.0' }
    const begun = []
    for (let uploads = 0; uploads < 4; uploads++) {
      const image = await makeImage()
      const answer = await client.request('POST', '/media/uploads', {
        headers: {
          ...TUS,
          'upload-length': String(image.length),
          'upload-metadata': `name ${Buffer.from('In parts').toString('base64')}`,
        },
      })
      begun.push({ image, path: answer.headers.get('location') ?? '' })
    }
    for (const { image, path } of begun) {
      const half = image.length >> 1
      const send = (at: number, body: Buffer) => {
        const type = { 'content-type': 'application/offset+octet-stream' }
        const headers = { ...TUS, ...type, 'upload-offset': `${at}` }
        return client.request('PATCH', path, { headers, body })
      }
      expect((await send(0, image.subarray(0, half))).status).toBe(204)
      const last = await send(half, image.subarray(half))
      const id = Number(last.headers.get('x-media-id'))
      expect((await client.delete(`/media/delete/${id}`)).status).toBe(200)
    }
    const begunAt = new Set(begun.map(({ path }) => path.split(/[/.]/)[3]))
    expect([...begunAt].sort()).toEqual(['files-1', 'files-2'])
  })

  it('show an edit made at one at all of them immediately', async () => {
    const { media } = (await client.add('Before', [], await makeImage())).body
    const names = () =>
      Promise.all(api.map(async (server) => (await at(server).list()).body.media[0]?.name))
    expect(await names()).toEqual(['Before', 'Before'])
    for (const [nth, server] of api.entries()) {
      const name = `Edited by ${nth}`
      await at(server).post(`/media/edit/${media.id}`, { name, tags: [] })
      expect(await names()).toEqual([name, name])
    }
    await client.delete(`/media/delete/${media.id}`)
  })

  it.each([
    ['its own sign-out', (own: Client) => own.post('/auth/logout', {})],
    ['another password', () => user('password', 'bob', '--password-stdin')],
    ['a disabled account', () => user('disable', 'bob')],
  ])('all refuse a session that was ended by %s immediately', async (_, end) => {
    const own = await new Client(one(api, 0).url).signIn('bob', 'another password')
    const asked = [...api, ...files, nginx].map((server) => at(server, own))
    // By cookie and by access token, both of which an instance may have cached.
    const answers = async () => {
      const seen: number[] = []
      const headers = { authorization: `Bearer ${own.accessToken}` }
      for (const asker of asked) {
        seen.push((await asker.request('OPTIONS', '/media/add')).status)
        const byToken = new Client(asker.url)
        seen.push((await byToken.request('OPTIONS', '/media/add', { headers })).status)
      }
      return seen
    }
    for (let round = 0; round < 2; round++) expect(await answers()).not.toContain(401)
    await end(own)
    expect(new Set(await answers())).toEqual(new Set([401]))
  })

  it('ignore a client address that the client made up', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const attempt = () =>
      client.post('/auth/login', { username: 'nobody', password: 'wrong password' }, { headers })
    for (let count = 0; count < 10; count++) expect((await attempt()).status).toBe(401)
    headers['x-forwarded-for'] = '203.0.113.10'
    expect((await attempt()).status).toBe(429)
  })

  it('store the same bytes once if two of them receive them at the same time', async () => {
    const images = await Promise.all(Array.from({ length: 6 }, makeImage))
    const answers = await Promise.all(
      images.flatMap((image) => files.map((server) => at(server).add('Twin', [], image))),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const paths = answers.map(({ body }) => body.media.path)
    expect(new Set(paths).size).toBe(images.length)
    await expectSound()
  })

  it('keep the object of an add while another item with the same bytes is deleted', async () => {
    const image = await makeImage()
    let last = (await at(one(files, 0)).add('First', [], image)).body.media
    for (let round = 0; round < 12; round++) {
      const [added, removed] = await Promise.all([
        at(one(files, round % 2)).add(`Round ${round}`, [], image),
        at(one(files, (round + 1) % 2)).delete(`/media/delete/${last.id}`),
      ])
      expect([added.status, removed.status]).toEqual([200, 200])
      last = added.body.media
      const original = await client.get(`/media/original/${last.id}`)
      expect(original.bytes).toEqual(Buffer.from(image))
    }
    await expectSound()
  })

  it('keep objects that another instance is about to commit', async () => {
    const database = await openDatabase(await locateDatabase(home))
    const journalled = () => database.read.selectFrom('journal').select('key').execute()
    const before = (await journalled()).length
    // No transaction can commit until `done` resolves.
    const begun = Promise.withResolvers<void>()
    const done = Promise.withResolvers<void>()
    const writing = database.write(async () => {
      begun.resolve()
      await done.promise
    })
    await begun.promise
    const adding = at(one(files, 0)).add('In flight', [], await makeImage())
    await expect.poll(async () => (await journalled()).length, PATIENCE).toBe(before + 2)
    // The third instance sweeps at its start, and may have to wait for the write lock.
    const starting = start(DUTIES.files)
    done.resolve()
    await writing
    const third = await starting
    expect(await third.stop()).toBe(0)
    expect((await adding).status).toBe(200)
    await database.close()
    await expectSound()
  })
})
