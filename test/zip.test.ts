import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { MediaItem } from '../src/media/item.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { storageSettings } from './library-storage.ts'
import { locateDatabase } from './postgres.ts'
import { findUnzip } from './unzip.ts'

let server: Server
let client: Client
const items: MediaItem[] = []
const images: Buffer[] = []
const folder = makeDataFolder()

beforeAll(async () => {
  server = await startServer()
  client = await signIn(server)
  for (const [index, name] of ['Tower', 'tower', '東京 / 駅', 'Large'].entries()) {
    const size = name === 'Large' ? { width: 1200, height: 900 } : { width: 40, height: 30 }
    const image = await makePng({ ...size, seed: index + 1 })
    images.push(image)
    items.push((await client.add(name, index % 2 === 0 ? ['even'] : ['Odd'], image)).body.media)
  }
})
afterAll(() => server.stop())

const zip = (json: object, as = client) => as.post('/media/zip', json)

/** The files of an archive by name. */
function unpack(bytes: Uint8Array): Record<string, Buffer> {
  writeFileSync(join(folder, 'a.zip'), bytes)
  const run = (...args: string[]) =>
    execFileSync(findUnzip() ?? '', args, { cwd: folder, env: { LC_ALL: 'C.UTF-8' } })
  run('-tq', 'a.zip')
  const names = run('-Z1', 'a.zip').toString().trimEnd().split('\n')
  return Object.fromEntries(names.map((name) => [name, run('-p', 'a.zip', name)]))
}

describe.skipIf(findUnzip() === undefined)('an archive of items', () => {
  it('holds their originals, under names of their own', async () => {
    const { status, headers, bytes } = await zip({ ids: [4, 1, 2, 3] })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/zip')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="media\.zip"/)
    expect(unpack(bytes)).toEqual({
      'Tower.png': images[0],
      'tower (2).png': images[1],
      '東京 _ 駅.png': images[2],
      'Large.png': images[3],
    })
  })

  it('holds what filters find, up to an id', async () => {
    const { bytes } = await zip({ tag: 'odd', until: 4, except: [2] })
    expect(Object.keys(unpack(bytes))).toEqual(['Large.png'])
    const found = await zip({ search: 'tower', until: 1, size: 'original' })
    expect(Object.keys(unpack(found.bytes))).toEqual(['Tower.png'])
  })

  it.each(['scaled', 'high'] as const)('holds their images in the size %s', async (size) => {
    const { bytes } = await zip({ ids: [1, 4], size })
    const files = unpack(bytes)
    expect(Object.keys(files)).toEqual(['Tower.webp', 'Large.webp'])
    for (const [index, item] of [items[0], items[3]].entries()) {
      const image = await client.get(item?.urls[size] ?? '')
      expect(Object.values(files)[index]).toEqual(image.bytes)
    }
  })

  it('holds images by any options, with the extension of their format', async () => {
    await client.request('PUT', '/presets/hero', { json: { options: 'w_20,gray_1,q_40' } })
    for (const [size, names] of [
      ['w_1000.jpg', ['Tower.jpg', 'Large.jpg']],
      ['w_33,rot_90,q_12.png', undefined],
      ['w_33,rot_90.png', ['Tower.png', 'Large.png']],
      ['hero.webp', ['Tower.webp', 'Large.webp']],
      ['hero,w_10.auto', ['Tower.jpg', 'Large.jpg']],
      ['scaled.webp', ['Tower.webp', 'Large.webp']],
    ] as const) {
      const { status, bytes } = await zip({ ids: [1, 4], size })
      expect([size, status]).toEqual([size, names ? 200 : 400])
      if (!names) continue
      const files = unpack(bytes)
      expect(Object.keys(files)).toEqual(names)
      const json = { id: 4, options: [size.replace('auto', 'jpg')] }
      const { urls } = (await client.request<{ urls: string[] }>('POST', '/media/urls', { json }))
        .body
      expect(Object.values(files)[1]).toEqual((await client.get(urls[0] ?? '')).bytes)
    }
    expect(await zip({ ids: [1], size: 'nope.webp' })).toMatchObject({
      status: 400,
      body: { data: 'Invalid parameters', detail: 'size is "nope.webp". There is no preset nope.' },
    })
  })

  it('is of the items of the library alone', async () => {
    const { media } = (await client.add('Gone', ['gone'], await makePng({ seed: 30 }))).body
    await client.delete(`/media/delete/${media.id}`)
    expect(await zip({ ids: [1, media.id] })).toMatchObject({
      status: 404,
      body: { data: 'Media not found', detail: `There is no media item with id ${media.id}.` },
    })
    const { status, bytes } = await zip({ tag: 'gone', until: 100 })
    expect({ status, bytes: bytes.length }).toEqual({ status: 200, bytes: 22 })
  })
})

it('counts as a use of the images that it holds', async () => {
  const asks = async () => {
    const database = await openDatabase(await locateDatabase(server.data))
    const rows = await database.read
      .selectFrom('renditions')
      .innerJoin('media', 'media.file_id', 'renditions.file_id')
      .select('renditions.asks')
      .where('media.id', '=', 1)
      .where('renditions.width', '=', 31)
      .execute()
    await database.close()
    return rows.map(({ asks }) => asks)
  }
  const json = { ids: [1], size: 'w_31.jpg' }
  expect((await zip(json)).status).toBe(200)
  expect(await asks()).toEqual([1])
  const other = await startServer({}, server.data)
  expect((await zip(json, await signIn(other))).status).toBe(200)
  // Uses are written from time to time, and at the end.
  expect(await other.stop()).toBe(0)
  expect(await asks()).toEqual([2])
})

it('shows the trash only to those who may delete', async () => {
  await runCli(server.data, ['user', 'add', 'eve', '--role', 'viewer', '--password-stdin'], {
    input: 'looks at everything',
  })
  const viewer = await signIn(server, 'eve', 'looks at everything')
  expect((await zip({ search: '', until: 1 }, viewer)).status).toBe(200)
  expect((await zip({ in: 'trash', until: 1 }, viewer)).status).toBe(403)
  expect((await zip({ in: 'trash', until: 1 })).status).toBe(200)
  expect((await zip({ ids: [1] }, new Client(server.url))).status).toBe(401)
})

it('sends at most four at once', async () => {
  // More than the buffers of a connection hold, so that an answer that is not read stays open.
  const bytes = Buffer.concat([await makePng({ seed: 40 }), randomBytes(30_000_000)])
  const { media } = (await client.add('Huge', [], bytes)).body
  const answers = []
  for (let time = 0; time < 4; time++) {
    const request = client.start('POST', '/media/zip', { 'content-type': 'application/json' })
    const [answer] = await once(request.end(JSON.stringify({ ids: [media.id] })), 'response')
    answers.push(answer)
  }
  const refused = await zip({ ids: [1] })
  expect(refused).toMatchObject({ status: 503, body: { data: 'Service busy' } })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  // Invalid parameters are reported first.
  expect((await zip({ ids: [] })).status).toBe(400)
  // The database is free meanwhile.
  expect((await client.post('/media/edit/1', { name: 'Tower', tags: ['even'] })).status).toBe(200)
  for (const answer of answers) answer.destroy()
  await expect.poll(async () => (await zip({ ids: [1] })).status, { timeout: 20_000 }).toBe(200)
})

it.skipIf(Object.keys(await storageSettings(folder)).length > 0)(
  'cuts the connection if a file is missing',
  async () => {
    const data = makeDataFolder()
    const other = await startServer({}, data)
    try {
      const admin = await signIn(other)
      const added = []
      for (const seed of [1, 2]) {
        const image = await makePng({ width: 900, height: 700, seed })
        added.push((await admin.add('Image', [], image)).body.media)
      }
      rmSync(join(data, 'files', added[1]?.path ?? ''))
      await expect(admin.post('/media/zip', { ids: [1, 2] })).rejects.toThrow()
      // The first fault of all gets an answer.
      expect(await admin.post('/media/zip', { ids: [2] })).toMatchObject({
        status: 500,
        body: { data: 'Error processing media', error: 'media-damaged' },
      })
      // The places are free again.
      for (let time = 0; time < 5; time++) {
        expect((await admin.post('/media/zip', { ids: [1] })).status).toBe(200)
      }
    } finally {
      await other.stop()
    }
  },
)
