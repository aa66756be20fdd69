import { type Kysely, sql } from 'kysely'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { up as moveToSecondRecipe } from '../src/database/migrations/0012-recipes.ts'
import { openDatabase } from '../src/database/open.ts'
import { focusKey, publicDigest, readDeliverySecret } from '../src/images/digests.ts'
import { cicp, makePngWith } from '../src/images/worker/colour/colour.fixture.ts'
import type { MediaItem } from '../src/media/item.ts'
import { expectConsistent, takeStock } from './consistency.ts'
import { makeJpeg } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

type Urls = MediaItem['urls']

async function withDatabase<T>(data: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(await locateDatabase(data))
  return work(database).finally(() => database.close())
}

/** Converts a library to its state before the second recipe, with other images. */
async function bringBack(data: string): Promise<void> {
  await withDatabase(data, async (database) => {
    const secret = await readDeliverySecret(database.read)
    await database.write(async (trx) => {
      for (const { id, sha256 } of await trx.selectFrom('files').selectAll().execute()) {
        const scaled_digest = publicDigest(secret, sha256, 'scaled', 1)
        const high_digest = publicDigest(secret, sha256, 'high', 1)
        const digests = { scaled_digest, high_digest, color: '#c81e1e', thumbhash: 'AAAA' }
        await trx.updateTable('files').set(digests).where('id', '=', id).execute()
      }
      await sql`DROP TABLE earlier_addresses`.execute(trx)
      await sql`ALTER TABLE files DROP COLUMN recipe`.execute(trx)
      await sql`ALTER TABLE variants DROP COLUMN recipe`.execute(trx)
    })
  })
}

const migrate = (data: string) =>
  withDatabase(data, (database) =>
    database.write((trx) => moveToSecondRecipe(trx as unknown as Kysely<unknown>)),
  )

const readUrls = (data: string): Promise<Urls[]> =>
  withDatabase(data, async ({ read }) => {
    const rows = await read.selectFrom('media_json').select('json').orderBy('id').execute()
    return rows.map(({ json }) => JSON.parse(json).urls)
  })

const readVersion = (data: string) =>
  withDatabase(data, async ({ read }) =>
    read.selectFrom('library').select('version').executeTakeFirstOrThrow(),
  )

const keysOf = async (data: string): Promise<string[]> =>
  Object.keys((await takeStock(data)).stored).filter((key) => key.startsWith('variants/'))

const lookAt = async (bytes: Buffer): Promise<number[]> => [
  ...(await sharp(bytes).raw().toBuffer()).subarray(0, 3),
]

describe('a library of the first recipe', () => {
  const data = makeDataFolder()
  /** A PNG whose variants change, shown by two items, and a JPEG whose variants do not. */
  let before: Urls[]
  let version: number
  let keys: string[]
  let server: Server
  let owner: Client
  let guest: Client

  beforeAll(async () => {
    const first = await startServer({}, data)
    const client = await signIn(first)
    const png = await makePngWith([200, 30, 30], cicp(12, 13))
    const { media } = (await client.add('In Display P3', [], png)).body
    await client.add('Of no colours', [], await makeJpeg())
    await client.add('In Display P3 again', [], png)
    await client.get(media.urls.high)
    expect(await first.stop()).toBe(0)

    await bringBack(data)
    before = await readUrls(data)
    ;({ version } = await readVersion(data))
    keys = await keysOf(data)
    await migrate(data)
    server = await startServer({}, data)
    owner = await signIn(server)
    guest = new Client(server.url)
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
  })

  const list = async (): Promise<MediaItem[]> => (await owner.list('?order=added-asc')).body.media

  it('has new URLs for changed images, also in lists, and keeps all others', async () => {
    const [png, jpeg, again] = await list()
    expect(png?.urls.scaled).not.toBe(before[0]?.scaled)
    expect(png?.urls.high).not.toBe(before[0]?.high)
    expect(again?.urls).toEqual(png?.urls)
    expect(jpeg?.urls).toEqual(before[1])
    expect((await readVersion(data)).version).toBeGreaterThan(version)
  })

  it('redirects earlier URLs to the current ones, for every kind of request', async () => {
    const [png] = await list()
    for (const variant of ['scaled', 'high'] as const) {
      const earlier = before[0]?.[variant] ?? ''
      for (const method of ['GET', 'HEAD']) {
        const headers = { 'if-none-match': '*', range: 'bytes=0-9' }
        const answer = await guest.request(method, earlier, { headers })
        expect(answer.status).toBe(308)
        const location = answer.headers.get('location') ?? ''
        expect(new URL(location, server.url + earlier).pathname).toBe(png?.urls[variant])
        expect(answer.headers.get('cache-control')).toBe('public, max-age=3600')
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
        expect(answer.headers.get('access-control-allow-origin')).toBe('*')
        expect(answer.headers.get('access-control-allow-credentials')).toBe(null)
      }
    }
  })

  it('renders changed variants once on request, and updates colour and placeholder with them', async () => {
    const [png, jpeg] = await list()
    expect(png?.color).toBe('#c81e1e')
    const asked = [png?.urls.scaled, `/media/image/${png?.id}`, `/media/image/${png?.id}/scaled`]
    const answers = await Promise.all([...asked, ...asked].map((url) => guest.get(url ?? '')))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const { bytes } of answers) expect(bytes.equals(answers[0]?.bytes ?? bytes)).toBe(true)
    const [red = 0] = await lookAt(answers[0]?.bytes ?? Buffer.alloc(0))
    expect(red).toBeGreaterThan(210)
    expect((await list())[0]).toMatchObject({ color: '#da0006' })
    expect((await list())[2]).toMatchObject({ color: '#da0006' })

    expect((await guest.get(png?.urls.high ?? '')).status).toBe(200)
    expect((await guest.get(jpeg?.urls.scaled ?? '')).status).toBe(200)
    // The earlier objects of the PNG are deleted, and the JPEG keeps its object.
    await expect.poll(async () => (await keysOf(data)).length).toBe(keys.length)
    const now = new Set(await keysOf(data))
    expect(keys.filter((key) => now.has(key))).toHaveLength(1)
    await expectConsistent(data)
  })

  it('passes doctor, and keeps earlier URLs in a backup', async () => {
    const sound = expect.stringMatching(/: nothing found\n$/)
    expect(await runCli(data, ['doctor'])).toMatchObject({ code: 0, stdout: sound })
    const archive = `${data}.tar`
    expect((await runCli(data, ['backup', archive])).code).toBe(0)
    const other = makeDataFolder()
    expect((await runCli(other, ['restore', archive])).code).toBe(0)
    expect(await runCli(other, ['doctor'])).toMatchObject({ code: 0, stdout: sound })
    const restored = await startServer({ VITRINE_DELIVERY: 'private' }, other)
    const earlier = before[0]?.scaled ?? ''
    expect((await new Client(restored.url).get(earlier)).status).toBe(401)
    const answer = await (await signIn(restored)).get(earlier)
    expect(answer.status).toBe(308)
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
    expect(answer.headers.get('access-control-allow-origin')).toBe(null)
    expect(await restored.stop()).toBe(0)
  })

  it('deletes earlier URLs with the last item of the file', async () => {
    const [png, , again] = await list()
    await owner.delete(`/media/delete/${png?.id}`)
    expect((await guest.get(before[0]?.scaled ?? '')).status).toBe(308)
    await owner.delete(`/media/delete/${again?.id}`)
    expect((await guest.get(before[0]?.scaled ?? '')).status).toBe(404)
  })
})

const FOCUS = { x: 0.25, y: 0.75 }

it('the doctor migrates items that an older version added since', async () => {
  const data = makeDataFolder()
  const server = await startServer({}, data)
  const owner = await signIn(server)
  const png = await makePngWith([1, 2, 3])
  const { media } = (await owner.add('A PNG', [], png)).body
  const { id } = (await owner.add('The same, with a focus', [], png)).body.media
  const patched = await owner.request<{ media: MediaItem }>('PATCH', `/media/item/${id}`, {
    json: { focus: FOCUS },
  })
  const focused = patched.body.media
  await withDatabase(data, async (database) => {
    const secret = await readDeliverySecret(database.read)
    await database.write(async (trx) => {
      const { sha256 } = await trx.selectFrom('files').selectAll().executeTakeFirstOrThrow()
      const scaled_digest = publicDigest(secret, sha256, 'scaled', 1)
      const high_digest = publicDigest(secret, sha256, 'high', 1)
      await trx.updateTable('files').set({ scaled_digest, high_digest, recipe: 1 }).execute()
      await trx.updateTable('variants').set({ recipe: 1 }).execute()
      const focus_key = focusKey(secret, sha256, FOCUS, 1)
      await trx.updateTable('media').set({ focus_key }).where('id', '=', focused.id).execute()
    })
  })
  const [old, oldFocused] = await readUrls(data)
  const found = await runCli(data, ['doctor'])
  expect(found).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /The images of item 1 "A PNG".* were rendered by an older version/,
    ),
  })
  expect((await runCli(data, ['doctor', '--repair'])).code).toBe(0)
  expect((await runCli(data, ['doctor'])).code).toBe(0)
  expect(await readUrls(data)).toEqual([media.urls, focused.urls])
  for (const earlier of [old, oldFocused]) {
    expect((await owner.get(earlier?.scaled ?? '')).status).toBe(308)
  }
  for (const { urls } of [media, focused]) {
    expect((await owner.get(urls.scaled)).status).toBe(200)
  }
  expect(await server.stop()).toBe(0)
})
