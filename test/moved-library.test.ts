import { hash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collection } from '../src/media/collections/collection.ts'
import type { MediaItem } from '../src/media/item.ts'
import { ORDER_NAMES } from '../src/media/order/read-order.ts'
import { expectConsistent } from './consistency.ts'
import { makeGif, makeJpeg, makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Settings, signIn, startServer } from './harness.ts'
import { createDatabase, findPostgres, teardown } from './postgres.ts'

/** Everything that a library can hold beside images: it must be the same after a copy and after a restore. */
const data = makeDataFolder()
let before: Record<string, unknown>
/** Addresses of images, for people who are not signed in. */
const addresses: string[] = []
/** The path of an original of each version. */
const originals: string[] = []
const ids = { top: 0, below: 0, search: 0, replaced: 0 }

const hasPostgres = await findPostgres()

beforeAll(async () => {
  const server = await startServer({}, data)
  const client = await signIn(server)
  await fill(client)
  before = await readAll(client)
  expect(await server.stop()).toBe(0)
}, 60_000)
afterAll(async () => {
  if (hasPostgres) await teardown()
})

async function send(client: Client, method: string, path: string, json?: unknown) {
  const answer = await client.request<{ media: MediaItem; collection: Collection }>(
    method,
    path,
    json === undefined ? {} : { json },
  )
  expect([path, answer.status, answer.bytes.toString()]).toEqual([path, 200, expect.any(String)])
  return answer.body
}

async function fill(client: Client) {
  const images = [
    await makePng({ width: 90, height: 40, seed: 1 }),
    await makeJpeg({ width: 40, height: 90, seed: 2 }),
    await makeGif(),
    await makePng({ seed: 4 }),
    await makePng({ seed: 5 }),
    await makePng({ seed: 6 }),
    await makePng({ seed: 7 }),
  ]
  const items: MediaItem[] = []
  for (const [index, image] of images.entries()) {
    const { media } = await send(client, 'POST', '/media/add', {
      name: `Picture ${10 - index}`,
      tags: index % 2 === 0 ? ['Red', 'Sea'] : ['red'],
      image: image.toString('base64'),
      fileName: `file-${index}.png`,
    })
    items.push(media)
  }
  const [first, second, third, fourth, trashed, merged, gone] = items.map(({ id }) => id)
  for (const { id, urls } of items) {
    addresses.push(urls.scaled, urls.high, `/media/image/${id}`, `/media/image/${id}/high`)
  }
  await send(client, 'PATCH', `/media/item/${first}`, {
    alt: 'A tower',
    description: 'By\nnight',
    credit: 'Anna',
    copyright: '© Anna',
    source: 'https://example.org',
    rating: 4,
    focus: { x: 0.25, y: 0.75 },
    takenAt: '2020-05-06T07:08:09+02:00',
    translations: { de: { alt: 'Ein Turm', description: 'Bei Nacht' } },
  })
  await send(client, 'PATCH', `/media/item/${third}`, { rating: 2, takenAt: '2019-01-01T00:00:00' })

  const collect = async (json: object) =>
    (await send(client, 'POST', '/collections', json)).collection
  ids.top = (await collect({ name: 'Trips', description: 'Where we were' })).id
  ids.below = (await collect({ name: 'Asia', parent: ids.top })).id
  ids.search = (await collect({ name: 'Good ones', query: 'minRating=3&order=taken-asc' })).id
  const other = (await collect({ name: 'Other' })).id
  await send(client, 'PATCH', `/collections/${ids.search}`, { after: null })
  await send(client, 'PATCH', `/collections/${ids.top}`, { cover: second })
  const lost = await collect({ name: 'Deleted' })
  await send(client, 'DELETE', `/collections/${lost.id}`)
  await send(client, 'POST', '/media/bulk/collections', {
    ids: [first, second, fourth, trashed],
    add: [ids.below],
  })
  await send(client, 'POST', '/media/bulk/collections', { ids: [third], add: [ids.top, other] })
  await send(client, 'POST', `/collections/${ids.below}/order`, { ids: [fourth], before: first })

  ids.replaced = first ?? 0
  for (const seed of [11, 12]) {
    const image = (await makePng({ width: 60, height: 30, seed })).toString('base64')
    const { media } = await send(client, 'POST', `/media/replace/${first}`, { image })
    addresses.push(media.urls.scaled, media.urls.high)
  }
  for (const version of [1, 2, 3]) originals.push(`/media/original/${first}?version=${version}`)

  await send(client, 'POST', '/media/merge', { into: second, ids: [gone] })
  expect(await runCli(data, ['trash', 'empty'])).toMatchObject({ code: 0 })
  await send(client, 'POST', '/media/merge', { into: second, ids: [merged] })
  await send(client, 'POST', `/media/trash/${trashed}`)
}

/** Whole answers to what people ask, of a library with these items. */
async function readAll(client: Client) {
  const guest = new Client(client.url)
  const collection = `collection=${ids.below}`
  const lists = [
    ...ORDER_NAMES.filter((order) => order !== 'collection').map((order) => `?order=${order}`),
    `?${collection}&order=collection`,
    `?${collection}&order=name-asc`,
    `?collection=${ids.top}&order=collection`,
    `?collection=${ids.top}&limit=2&offset=1`,
    '?in=trash',
    `?in=trash&${collection}&order=changed-asc`,
    '?tag=red',
    '?tag=sea&lacks=alt',
    '?has=alt,takenAt',
    '?minRating=3&order=taken-asc',
    '?taken=2019-06-01..',
    '?type=png&orientation=landscape',
    '?addedBy=admin&limit=3',
    '?search=tower',
    '?search=nacht&order=name-desc',
  ].map((query) => `/media${query}`)
  const paths = [
    ...lists,
    '/collections',
    '/media/facets',
    `/media/facets?${collection}`,
    '/media/tags',
    '/media/tags?search=re',
    '/media/duplicates',
    `/media/item/${ids.replaced}/versions`,
    ...originals,
    ...Array.from({ length: 7 }, (_, index) => `/media/item/${index + 1}`),
  ]
  const read = async (who: Client, path: string) => {
    const { status, headers, bytes } = await who.get(path)
    const type = headers.get('content-type')
    const content = type?.startsWith('image/') ? hash('sha256', bytes) : bytes.toString()
    return [status, headers.get('x-total-count'), headers.get('location'), type, content]
  }
  const answers: Record<string, unknown> = {}
  for (const path of paths) answers[path] = await read(client, path)
  for (const path of addresses) answers[`guest ${path}`] = await read(guest, path)
  return answers
}

/** Expects a library to be sound and to answer as the source did. */
async function expectSame(place: string, settings: Settings = {}) {
  const doctor = await runCli(place, ['doctor'], { settings })
  expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing found') })
  const server = await startServer(settings, place)
  try {
    expect(await readAll(await signIn(server))).toEqual(before)
    expect(server.log()).not.toContain('"level":50')
  } finally {
    expect(await server.stop()).toBe(0)
  }
}

const FINE = { code: 0 }

describe('collections, versions, texts and the trash', () => {
  it('answer as the test means them', () => {
    const statuses = Object.entries(before).map(([path, answer]) => [
      path,
      (answer as unknown[])[0],
    ])
    const byStatus = Map.groupBy(statuses, ([, status]) => status)
    expect([...byStatus.keys()].toSorted()).toEqual([200, 308, 404])
    const others = [...(byStatus.get(404) ?? [])].map(([path]) => path)
    // The item that was deleted for good, whose addresses lead elsewhere; and those of the one in the trash.
    expect(others).toEqual([
      '/media/item/7',
      ...addresses.slice(16, 20).map((path) => `guest ${path}`),
    ])
    expect(before[`/media?collection=${ids.below}&order=collection`]).toMatchObject({ 1: '3' })
  })

  it('are in a backup, and after a restore as before', async () => {
    const file = join(makeDataFolder(), 'library.tar')
    expect(await runCli(data, ['backup', file])).toMatchObject(FINE)
    const place = makeDataFolder()
    expect(await runCli(place, ['restore', file])).toMatchObject(FINE)
    await expectSame(place)
    await expectConsistent(place)
  }, 60_000)

  it('are in a copy as before', async () => {
    const place = makeDataFolder()
    const url = hasPostgres && (await createDatabase(place)).url
    const args = ['copy', '--to-data', place, ...(url ? ['--to-database', url] : [])]
    expect(await runCli(data, args)).toMatchObject(FINE)
    await expectSame(place, url ? { VITRINE_DATABASE_URL: url } : {})
  }, 60_000)

  it('leave nothing behind of an item whose present original is lost', async () => {
    const answer = JSON.parse(String((before[`/media/item/${ids.replaced}`] as unknown[])[4]))
    rmSync(join(data, 'files', answer.media.path))
    const file = join(makeDataFolder(), 'library.tar')
    const backup = await runCli(data, ['backup', file])
    expect(backup).toMatchObject({ code: 1 })
    // Three of the items, the one in the trash, the merged one, and their files alone.
    expect(backup.stdout).toContain('Backed up 5 items, 5 originals ')
    const place = makeDataFolder()
    expect(await runCli(place, ['restore', file])).toMatchObject(FINE)
    const doctor = await runCli(place, ['doctor'])
    expect(doctor).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('5 items, 5 files, 10 objects checked: nothing found'),
    })
    expect((await expectConsistent(place)).media).toEqual([2, 3, 4])
  }, 60_000)
})
