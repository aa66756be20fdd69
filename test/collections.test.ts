import { Value } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { BulkResult } from '../src/media/change/bulk-routes.ts'
import { addCollection } from '../src/media/collections/change-collection.ts'
import { collectItems } from '../src/media/collections/collect-items.ts'
import { Collection, CollectionList } from '../src/media/collections/collection.ts'
import { readNewCollection } from '../src/media/collections/collection-fields.ts'
import { MAX_AT_ONCE } from '../src/media/collections/delete-collection.ts'
import { fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import {
  type Client,
  type Envelope,
  makeDataFolder,
  type RequestOptions,
  runCli,
  type Server,
  signIn,
  startServer,
} from './harness.ts'
import { locateDatabase } from './postgres.ts'

interface Changed extends Envelope {
  collection: Collection
  error: string
}

let server: Server
let client: Client
beforeAll(async () => {
  const data = makeDataFolder()
  await fillLibrary(
    data,
    Array.from({ length: 40 }, (_, index) => ({
      name: `Item ${index + 1}`,
      tags: [`t${index % 2}`],
    })),
  )
  server = await startServer({}, data)
  client = await signIn(server)
})
afterAll(async () => {
  expect(server.log()).not.toContain('"level":50')
  await server.stop()
})

const request = (method: string, path: string, json?: unknown, options: RequestOptions = {}) =>
  client.request<Changed>(method, path, { ...(json !== undefined && { json }), ...options })

async function add(name: string, more: object = {}): Promise<Collection> {
  const { status, body } = await request('POST', '/collections', { name, ...more })
  expect({ status, data: body.data }).toEqual({
    status: 200,
    data: 'Collection added successfully',
  })
  expect(Value.Errors(Collection, body.collection)).toEqual([])
  return body.collection
}

async function list(): Promise<Collection[]> {
  const { status, body } = await client.request<CollectionList>('GET', '/collections')
  expect(status).toBe(200)
  expect(Value.Errors(CollectionList, body)).toEqual([])
  return body.collections
}

const find = async (id: number) => (await list()).find((it) => it.id === id)

/** Runs bulk work to its end. */
async function collect(json: object): Promise<BulkResult> {
  const { status, bytes } = await client.post('/media/bulk/collections', json)
  expect([status, bytes.toString()]).toEqual([200, expect.any(String)])
  const result = JSON.parse(bytes.toString().trimEnd().split('\n').at(-1) ?? '')
  expect(Value.Errors(BulkResult, result)).toEqual([])
  return result
}

const itemOf = async (id: number) => (await client.get(`/media/item/${id}`)).body.media

/** The items of a collection, in its own order. */
async function order(id: number) {
  const { status, body } = await client.list(`?collection=${id}&order=collection`)
  expect(status).toBe(200)
  return body.media.map((item) => item.id)
}

describe('collections', () => {
  it('are made, listed in order, changed and deleted', async () => {
    const trips = await add('Trips', { description: 'Where we were' })
    expect(trips).toEqual({
      id: trips.id,
      name: 'Trips',
      description: 'Where we were',
      parent: null,
      cover: null,
      count: 0,
      total: 0,
      query: null,
    })
    const asia = await add('Asia', { parent: trips.id })
    const japan = await add('Japan', { parent: asia.id, description: null, query: null })
    const art = await add('Art')
    const ids = async () => (await list()).map(({ id }) => id)
    expect(await ids()).toEqual([trips.id, asia.id, japan.id, art.id])

    const patch = (id: number, json: object) => request('PATCH', `/collections/${id}`, json)
    expect(await patch(art.id, { after: null, cover: 3, name: ' Fine art ' })).toMatchObject({
      status: 200,
      body: {
        data: 'Collection updated successfully',
        code: 200,
        collection: { name: 'Fine art', cover: 3, parent: null },
      },
    })
    expect(await ids()).toEqual([art.id, trips.id, asia.id, japan.id])
    const merge = { headers: { 'content-type': 'application/merge-patch+json' } }
    const moved = await client.request<Changed>('PATCH', `/collections/${japan.id}`, {
      body: JSON.stringify({ parent: art.id }),
      ...merge,
    })
    expect(moved).toMatchObject({ status: 200, body: { collection: { parent: art.id } } })
    expect(await ids()).toEqual([art.id, japan.id, trips.id, asia.id])

    await collect({ ids: [1, 2], add: [asia.id, trips.id] })
    await collect({ ids: [2, 3], add: [asia.id, japan.id] })
    expect(await find(trips.id)).toMatchObject({ count: 2, total: 3 })
    expect(await find(asia.id)).toMatchObject({ count: 3, total: 3 })
    expect((await client.list(`?collection=${trips.id}`)).body.media.map((it) => it.id)).toEqual([
      3, 2, 1,
    ])
    const refused = await request('DELETE', `/collections/${trips.id}`)
    expect(refused).toMatchObject({
      status: 409,
      body: { data: 'Collection not empty', error: 'collection-not-empty' },
    })
    const gone = await request('DELETE', `/collections/${trips.id}?recursive=true`)
    expect(gone).toMatchObject({
      status: 200,
      body: {
        data: 'Collection deleted successfully',
        collection: { id: trips.id, name: 'Trips', count: 2, total: 3 },
      },
    })
    expect(await ids()).toEqual([art.id, japan.id])
    expect((await client.list(`?collection=${trips.id}`)).body.media).toEqual([])
    expect((await client.list('?has=collection')).body.media.map((it) => it.id)).toEqual([3, 2])
    expect(await itemOf(2)).toMatchObject({ collections: [japan.id], revision: 3 })
    await request('DELETE', `/collections/${japan.id}?recursive=false`)
    await request('DELETE', `/collections/${art.id}`)
    expect(await list()).toEqual([])
  })

  it('have an ETag that changes with every change of the library', async () => {
    const read = (etag = '') =>
      client.request<CollectionList>('GET', '/collections', { headers: { 'if-none-match': etag } })
    const first = await read()
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    const etag = first.headers.get('etag') ?? ''
    expect(await read(etag)).toMatchObject({ status: 304, bytes: Buffer.of() })
    const { id } = await add('New')
    const second = await read(etag)
    expect(second.status).toBe(200)
    await collect({ ids: [1], add: [id] })
    expect((await read(second.headers.get('etag') ?? '')).body.collections).toMatchObject([
      { id, count: 1, total: 1 },
    ])
    await request('DELETE', `/collections/${id}`)
  })

  it('are members of items that are added, edited and patched', async () => {
    const [a, b] = [await add('A'), await add('B')]
    const image = (await makePng({ seed: 5 })).toString('base64')
    const body = { name: 'Added', tags: [], image, collections: [b.id, a.id] }
    const { media } = (await client.post('/media/add', body)).body
    expect(media.collections).toEqual([a.id, b.id])
    await client.post('/media/edit/7', { name: 'Seven', tags: [], collections: [a.id] })
    await client.request('PATCH', '/media/item/8', { json: { collections: [a.id] } })
    expect(await order(a.id)).toEqual([media.id, 7, 8])
    await client.post('/media/edit/7', { name: 'Seven', tags: [] })
    await client.request('PATCH', `/media/item/${media.id}`, { json: { collections: null } })
    expect(await order(a.id)).toEqual([7, 8])
    expect(await find(a.id)).toMatchObject({ count: 2 })
    expect(await find(b.id)).toMatchObject({ count: 0 })

    await request('PATCH', `/collections/${a.id}`, { cover: media.id })
    await client.delete(`/media/delete/${media.id}`)
    await client.delete('/media/delete/7')
    expect(await find(a.id)).toMatchObject({ count: 1, cover: null })
    const { revision } = await itemOf(8)
    await request('PATCH', `/collections/${a.id}`, { name: 'Renamed' })
    expect(await itemOf(8)).toMatchObject({ collections: [a.id], revision })
    await request('DELETE', `/collections/${a.id}`)
    await request('DELETE', `/collections/${b.id}`)
    expect(await itemOf(8)).toMatchObject({ collections: [], revision })
  })

  it('hold each item once, in an order that people give them', async () => {
    const { id } = await add('Ordered')
    await collect({ ids: [11, 12, 13, 14, 15], add: [id] })
    const move = (json: object) => request('POST', `/collections/${id}/order`, json)
    expect(await move({ ids: [15, 13], before: 11 })).toMatchObject({
      status: 200,
      body: { data: 'Collection updated successfully', collection: { id, count: 5 } },
    })
    expect(await order(id)).toEqual([15, 13, 11, 12, 14])
    await move({ ids: [15], before: null })
    expect(await order(id)).toEqual([13, 11, 12, 14, 15])
    await collect({ ids: [10, 11], add: [id] })
    expect(await order(id)).toEqual([13, 11, 12, 14, 15, 10])
    await request('DELETE', `/collections/${id}`)
  })
})

describe('many items at once', () => {
  it('are put into collections and taken out, by ids and by a search', async () => {
    const [a, b] = [await add('A'), await add('B')]
    expect(await collect({ search: 't1', until: 39, except: [38], add: [a.id] })).toMatchObject({
      data: 'Media updated successfully',
      code: 200,
      done: 18,
      failures: 0,
    })
    expect(await find(a.id)).toMatchObject({ count: 18 })
    const ids = [2, 4, 77]
    expect(await collect({ ids, add: [b.id], remove: [a.id] })).toMatchObject({
      code: 200,
      done: 2,
      failures: 1,
      failed: [{ id: 77, data: 'Media not found', code: 404 }],
    })
    expect(await find(a.id)).toMatchObject({ count: 16 })
    expect(await order(b.id)).toEqual([2, 4])
    const trail = await client.request<{ entries: object[] }>('GET', '/audit?limit=1')
    expect(trail.body.entries).toMatchObject([
      {
        action: 'media-collected',
        actor: 'admin',
        detail: { ids: [2, 4], added: [b.id], removed: [a.id] },
      },
    ])
    await request('DELETE', `/collections/${a.id}`)
    await request('DELETE', `/collections/${b.id}`)
  })
})

describe('a saved search', () => {
  it('stands for a list, and nothing can be put into it', async () => {
    const query = '?search=item+1&order=name-asc'
    const search = await add('Search', { query })
    expect(search).toMatchObject({ query: query.slice(1), count: null, total: null })
    const refusals = [
      await client.request('PATCH', '/media/item/1', { json: { collections: [search.id] } }),
      await client.post('/media/edit/1', { name: 'One', tags: [], collections: [search.id] }),
      await client.post('/media/bulk/collections', { ids: [1], add: [search.id] }),
      await client.post(`/collections/${search.id}/order`, { ids: [1], before: null }),
      await client.post('/collections', { name: 'Below', parent: search.id }),
    ]
    for (const { status, body } of refusals) {
      expect({ status, data: body.data }).toEqual({ status: 400, data: 'Invalid parameters' })
      expect(body.detail).toContain('saved search')
    }
    await request('DELETE', `/collections/${search.id}`)
  })
})

it('records every change in the audit trail', async () => {
  const { id } = await add('Recorded')
  await request('PATCH', `/collections/${id}`, { name: 'Renamed', description: 'Long' })
  await collect({ ids: [21, 22], add: [id] })
  await request('POST', `/collections/${id}/order`, { ids: [22], before: 21 })
  await request('DELETE', `/collections/${id}`)
  const { body } = await client.request<{ entries: object[] }>('GET', '/audit?limit=5')
  const subject = `collection:${id}`
  expect(body.entries.reverse()).toMatchObject([
    { action: 'collection-added', subject, detail: { name: 'Recorded' } },
    {
      action: 'collection-changed',
      subject,
      detail: { name: { from: 'Recorded', to: 'Renamed' }, members: ['description'] },
    },
    { action: 'media-collected', subject: null, detail: { ids: [21, 22], added: [id] } },
    { action: 'collection-changed', subject, detail: { name: 'Renamed', ordered: [22] } },
    { action: 'collection-deleted', subject, detail: { name: 'Renamed' } },
  ])
})

/** Holds the write lock of the database, as another writing process would. */
async function lock(database: Database) {
  const locked = Promise.withResolvers<void>()
  const unlocked = Promise.withResolvers<void>()
  const writing = database.write(async () => {
    locked.resolve()
    await unlocked.promise
  })
  await locked.promise
  return async () => {
    unlocked.resolve()
    await writing
  }
}

it('removes a collection of very many items from them, also after a crash', async () => {
  const data = makeDataFolder()
  const count = MAX_AT_ONCE + 500
  await fillLibrary(
    data,
    Array.from({ length: count }, (_, index) => ({ name: `Item ${index + 1}` })),
  )
  const database = await openDatabase(await locateDatabase(data))
  onTestFinished(() => database.close())
  const make = async (name: string) =>
    (await addCollection(database, readNewCollection({ name }))).id
  const [large, small] = [await make('Large'), await make('Small')]
  const all = Array.from({ length: count }, (_, index) => index + 1)
  await collectItems(database, all, { add: [large], remove: [] })
  await collectItems(database, [1, count], { add: [small], remove: [] })
  const first = await startServer({}, data)
  onTestFinished(() => first.kill())
  const admin = await signIn(first)
  const deleted = await admin.request<Changed>('DELETE', `/collections/${large}`)
  expect(deleted).toMatchObject({ status: 200, body: { collection: { count } } })
  const { body } = await admin.request<CollectionList>('GET', '/collections')
  expect(body.collections).toMatchObject([{ id: small, count: 2 }])

  const unlock = await lock(database)
  const left = () =>
    database.read
      .selectFrom('media')
      .select(['id', 'collections', 'revision'])
      .where('collections', 'like', `%${large}%`)
      .execute()
  expect((await left()).length).toBeGreaterThan(0)
  await first.kill()
  await unlock()
  // The lease of the killed process is over at once here.
  await database.write((trx) => trx.updateTable('owners').set({ lease_until: 0 }).execute())
  const second = await startServer({}, data)
  onTestFinished(() => second.kill())
  await expect
    .poll(() => database.read.selectFrom('collections').select('id').execute(), { timeout: 30_000 })
    .toEqual([{ id: small }])
  expect(await left()).toEqual([])
  const again = await signIn(second)
  expect((await again.get(`/media/item/${count}`)).body.media).toMatchObject({
    collections: [small],
    revision: 3,
  })
  expect(second.log()).not.toContain('"level":50')
  expect(await second.stop()).toBe(0)
  expect(await runCli(data, ['collection', 'delete', String(small)])).toMatchObject({ code: 0 })
})
