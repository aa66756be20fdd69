import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Value } from 'typebox/value'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { BulkProgress, BulkResult } from '../src/media/change/bulk-routes.ts'
import type { TagList } from '../src/media/list/tags-route.ts'
import { expectConsistent, expectSettled, takeStock } from './consistency.ts'
import { type Filling, fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

const PATIENCE = { timeout: 20_000 }

/** Starts a server of its own on a filled library. */
async function start(fillings: readonly Filling[] = []) {
  const data = makeDataFolder()
  await fillLibrary(data, fillings)
  const server = await startServer({}, data)
  onTestFinished(() => server.kill())
  const client = await signIn(server)
  // The first request of a session writes its last use, so it is done here.
  await client.list('?limit=1')
  return { data, server, client }
}

const manyItems = (count: number, tags: readonly string[] = []) =>
  Array.from({ length: count }, (_, index) => ({ name: `Item ${index + 1}`, tags }))

/** Runs a bulk operation to its end. */
async function work(client: Client, path: 'tags' | 'delete', json: object) {
  const { status, headers, bytes } = await client.post(`/media/bulk/${path}`, json)
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/x-ndjson')
  expect(headers.get('cache-control')).toBe('no-store')
  return readLines(bytes.toString())
}

function readLines(text: string) {
  expect(text.endsWith('\n')).toBe(true)
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const progress: BulkProgress[] = lines.slice(0, -1)
  const result: BulkResult = lines.at(-1)
  for (const line of progress) expect(Value.Errors(BulkProgress, line)).toEqual([])
  expect(Value.Errors(BulkResult, result)).toEqual([])
  return { progress, result }
}

/** Starts a bulk operation. Resolves with the lines of the response, which arrive one by one. */
async function begin(client: Client, path: 'tags' | 'delete', json: object) {
  const request = client.start('POST', `/media/bulk/${path}`, {
    'content-type': 'application/json',
  })
  const [answer]: IncomingMessage[] = await once(request.end(JSON.stringify(json)), 'response')
  if (!answer) throw new Error('There is no answer.')
  return { answer, lines: createInterface({ input: answer })[Symbol.asyncIterator]() }
}

/** Holds the write lock of the database, as another writing process would. */
async function lock(data: string) {
  const database = await openDatabase(await locateDatabase(data))
  const locked = Promise.withResolvers<void>()
  const unlocked = Promise.withResolvers<void>()
  const writing = database.write(async () => {
    locked.resolve()
    await unlocked.promise
  })
  await locked.promise
  return {
    async unlock() {
      unlocked.resolve()
      await writing
      await database.close()
    },
  }
}

const tagsOf = async (client: Client) =>
  Object.fromEntries((await client.list()).body.media.map(({ id, tags }) => [id, tags]))

const OK = { code: 200, failures: 0, failed: [] }

describe('changing the tags of many items', () => {
  it('by ids changes these items, and keeps the order of their tags', async () => {
    const { data, client } = await start([
      { name: 'One', tags: ['a', 'b'] },
      { name: 'Two', tags: ['c', 'b', 'a'] },
      { name: 'Three', tags: ['a'] },
    ])
    const { progress, result } = await work(client, 'tags', {
      ids: [2, 1, 2, 77],
      add: 'new, c',
      remove: ['b'],
    })
    expect(progress).toEqual([
      { done: 0, failures: 0, total: 3 },
      { done: 2, failures: 1, total: 3 },
    ])
    expect(result).toEqual({
      data: 'Media updated successfully',
      code: 200,
      done: 2,
      failures: 1,
      failed: [
        {
          id: 77,
          data: 'Media not found',
          code: 404,
          error: 'media-not-found',
          detail: 'There is no media item with id 77.',
        },
      ],
    })
    expect(await tagsOf(client)).toEqual({ 1: ['a', 'new', 'c'], 2: ['c', 'a', 'new'], 3: ['a'] })
    expect((await client.list('?search=new')).headers.get('x-total-count')).toBe('2')
    await takeStock(data)
  })

  it('by a search changes the matches up to an id', async () => {
    const { data, client } = await start(manyItems(250, ['old']))
    const first = await work(client, 'tags', { search: 'item 1', add: ['one'], until: 19 })
    expect(first.result).toMatchObject({ ...OK, done: 11 })
    // The change affects the search itself. Each item is still changed exactly once.
    const all = await work(client, 'tags', {
      search: 'OLD',
      until: 250,
      remove: 'old',
      add: 'older',
    })
    const told = all.progress.map(({ done }) => done)
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
    expect([told[0], told.at(-1)]).toEqual([0, 250])
    expect(all.result).toMatchObject({ ...OK, done: 250 })
    const but = await work(client, 'tags', {
      search: 'older',
      until: 250,
      add: ['rest'],
      except: Array.from({ length: 120 }, (_, index) => 300 - index),
    })
    // Fifty of the excepted ids do not exist.
    expect(but.progress[0]).toEqual({ done: 0, failures: 0, total: 180 })
    expect(but.result).toMatchObject({ ...OK, done: 180 })
    await work(client, 'tags', { search: 'rest', until: 250, remove: 'rest' })
    const none = await work(client, 'tags', { search: 'nothing', until: 250, add: 'x' })
    expect(none.progress).toEqual([{ done: 0, failures: 0, total: 0 }])
    expect(none.result).toMatchObject({ ...OK, done: 0 })
    const { body } = await client.get('/media/tags')
    expect(body).toEqual({
      tags: [
        { tag: 'older', count: 250 },
        { tag: 'one', count: 11 },
      ],
      total: 2,
    })
    await takeStock(data)
  })

  it('of the whole library changes nothing when it is repeated', async () => {
    const { client } = await start(manyItems(150))
    for (const expectedTags of [1, 1]) {
      const { result } = await work(client, 'tags', { search: ' ', until: 150, add: ['x'] })
      expect(result).toMatchObject({ ...OK, done: 150 })
      expect((await client.list('?limit=1')).body.media[0]?.tags).toHaveLength(expectedTags)
    }
    const etag = (await client.list()).headers.get('etag')
    await work(client, 'tags', { search: '', until: 150, add: ['x'], remove: ['y'] })
    expect((await client.list()).headers.get('etag')).toBe(etag)
  })

  it('leaves items unchanged that would get too many tags', async () => {
    const full = Array.from({ length: 64 }, (_, index) => `t${index}`)
    const { data, client } = await start([{ name: 'Full', tags: full }, { name: 'Empty' }])
    const { result } = await work(client, 'tags', { search: '', until: 2, add: ['new', 't5'] })
    expect(result).toMatchObject({
      code: 200,
      done: 1,
      failures: 1,
      failed: [
        {
          id: 1,
          name: 'Full',
          data: 'Invalid parameters',
          code: 400,
          error: 'parameters-invalid',
          detail: 'Item 1 would have more tags than the 64 that are allowed.',
        },
      ],
    })
    expect(await tagsOf(client)).toEqual({ 1: full, 2: ['new', 't5'] })
    await takeStock(data)
  })

  it('works on a server without the file service', async () => {
    const server = await startServer({ VITRINE_FILE_SERVICE: 'false' })
    onTestFinished(() => server.kill())
    const { result } = await work(await signIn(server), 'tags', { search: '', until: 1, add: 'x' })
    expect(result).toMatchObject({ ...OK, done: 0 })
  })
})

describe('deleting many items', () => {
  /** With real files. Each image is added twice, so that items share files. */
  async function startWithImages(count: number) {
    const started = await start()
    for (let index = 0; index < count; index += 1) {
      const image = await makePng({ width: 20, height: 20, seed: Math.floor(index / 2) + 1 })
      await started.client.add(`Image ${index + 1}`, [`tag ${index % 3}`, 'all'], image)
    }
    return started
  }

  it('removes all files of these items, and keeps those of the others', async () => {
    const { data, server, client } = await startWithImages(12)
    for (const item of (await client.list()).body.media) await client.get(item.urls.high)
    expect(Object.keys((await expectConsistent(data)).stored)).toHaveLength(18)

    // Items 1 and 2 have the same bytes. Another item still shows the bytes of item 4.
    const { result } = await work(client, 'delete', { ids: [4, 1, 2, 99] })
    expect(result).toMatchObject({
      data: 'Media deleted successfully',
      code: 200,
      done: 3,
      failures: 1,
      failed: [{ id: 99, data: 'Media not found', code: 404, error: 'media-not-found' }],
    })
    const stock = await expectConsistent(data)
    expect(stock.media).toEqual([3, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(Object.keys(stock.stored)).toHaveLength(15)
    await expectSettled(data)

    const found = await work(client, 'delete', { search: 'tag 0', until: 7 })
    expect(found.result).toMatchObject({ ...OK, done: 1 })
    expect((await expectConsistent(data)).media).toEqual([3, 5, 6, 8, 9, 10, 11, 12])
    const some = await work(client, 'delete', { search: '', until: 12, except: [3, 5, 99, 12] })
    expect(some.result).toMatchObject({ ...OK, done: 5 })
    expect((await expectConsistent(data)).media).toEqual([3, 5, 12])
    const rest = await work(client, 'delete', { search: '', until: 12 })
    expect(rest.result).toMatchObject({ ...OK, done: 3 })
    expect(await expectConsistent(data)).toMatchObject({ media: [], stored: {} })
    await expectSettled(data)
    expect((await client.get('/media/tags')).body).toEqual({ tags: [], total: 0 })
    expect(server.log()).not.toContain('"level":50')
    expect(await runCli(data, ['doctor'])).toMatchObject({ code: 0 })
  })

  it('deletes no item that was added after `until`', async () => {
    const { data, client } = await startWithImages(2)
    const [newest] = (await client.list('?limit=1')).body.media
    const { media } = (await client.add('Late', ['all'], await makePng({ seed: 50 }))).body
    const { result } = await work(client, 'delete', { search: 'all', until: newest?.id })
    expect(result).toMatchObject({ ...OK, done: 2 })
    expect((await expectConsistent(data)).media).toEqual([media.id])
  })

  it('deletes each item once, even if other requests delete it too', async () => {
    const { data, server, client } = await startWithImages(40)
    const ids = Array.from({ length: 40 }, (_, index) => index + 1)
    const singly = ids.filter((id) => id % 2 === 0)
    const [first, second, ...answers] = await Promise.all([
      work(client, 'delete', { ids }),
      work(client, 'delete', { search: 'all', until: 40 }),
      ...singly.map((id) => client.delete(`/media/delete/${id}`)),
    ])
    const deleted = answers.filter(({ status }) => status === 200)
    for (const { status } of answers) expect([200, 404]).toContain(status)
    expect(first.result.done + second.result.done + deleted.length).toBe(40)
    for (const { result } of [first, second]) {
      expect(result.failed.every(({ code }) => code === 404)).toBe(true)
    }
    expect(await expectConsistent(data)).toMatchObject({ media: [], stored: {} })
    await expectSettled(data)
    expect(server.log()).not.toContain('"level":50')
  })

  it('ends early when storage fails, and leaves the rest to the journal', async () => {
    const { data, server, client } = await startWithImages(3)
    const path = (await client.list('?order=added-asc')).body.media[2]?.path ?? ''
    const file = join(data, 'files', path)
    rmSync(file)
    mkdirSync(join(file, 'in the way'), { recursive: true })

    const { progress, result } = await work(client, 'delete', { ids: [1, 2, 3] })
    expect(progress).toEqual([{ done: 0, failures: 0, total: 3 }])
    expect(result).toMatchObject({
      data: 'Error deleting media',
      code: 500,
      done: 0,
      failures: 0,
    })
    expect(result.detail).toMatch(/^The log of the server says why, under the request id /)
    await server.logged('"refusal":"fault"')
    const { media, journal } = await takeStock(data)
    expect({ media, holdsKey: journal.includes(path) }).toEqual({ media: [], holdsKey: true })

    rmSync(file, { recursive: true })
    await server.stop()
    const next = await startServer({}, data)
    onTestFinished(() => next.kill())
    expect(await expectConsistent(data)).toMatchObject({ stored: {} })
  })
})

describe('work on many items', () => {
  it.each([
    ['tags', { search: '', until: 500, add: 'new' }],
    ['delete', { search: '', until: 500 }],
  ] as const)('stops soon after the client disconnects (%s)', async (path, body) => {
    const { data, server, client } = await start(manyItems(500))
    const { unlock } = await lock(data)
    const { answer, lines } = await begin(client, path, body)
    const { value = '' } = await lines.next()
    expect(JSON.parse(value)).toEqual({ done: 0, failures: 0, total: 500 })
    answer.destroy()
    await server.logged('"aborted":true')
    await unlock()

    // Only the batch that was in progress is done.
    const count = async () =>
      path === 'tags'
        ? (await client.list('?search=new&limit=1')).headers.get('x-total-count')
        : String(500 - Number((await client.list('?limit=1')).headers.get('x-total-count')))
    await expect.poll(count, PATIENCE).toBe('10')
    expect(await server.stop()).toBe(0)
    expect(server.log()).not.toContain('"level":50')
    const stock = await takeStock(data)
    expect(stock.media.length).toBe(path === 'tags' ? 500 : 490)
  })

  it('runs at most twice at once', async () => {
    const { data, client } = await start(manyItems(300))
    const { unlock } = await lock(data)
    const begun = await Promise.all([
      begin(client, 'tags', { search: '', until: 300, add: 'one' }),
      begin(client, 'delete', { ids: [1, 2, 3] }),
    ])
    for (const [path, json] of [
      ['tags', { ids: [1], add: 'x' }],
      ['delete', { ids: [1] }],
    ] as const) {
      const third = await client.post(`/media/bulk/${path}`, json)
      expect(third).toMatchObject({
        status: 503,
        body: { data: 'Service busy', code: 503, error: 'service-busy' },
      })
      expect(third.headers.get('retry-after')).toMatch(/^\d+$/)
    }
    // Invalid parameters are reported first.
    expect((await client.post('/media/bulk/tags', { ids: [1] })).status).toBe(400)
    await unlock()
    for (const { lines } of begun) {
      const all = await Array.fromAsync(lines)
      expect(JSON.parse(all.at(-1) ?? '')).toMatchObject({ code: 200 })
    }
    const after = await work(client, 'tags', { search: 'one', until: 300, remove: 'one' })
    expect(after.result).toMatchObject({ ...OK, done: 297 })
    await takeStock(data)
  })

  it('lets other requests run in between', async () => {
    const { client } = await start(manyItems(2000))
    const { lines } = await begin(client, 'tags', { search: '', until: 2000, add: 'new' })
    await lines.next()
    const edited = await client.post('/media/edit/2000', { name: 'Between', tags: ['between'] })
    expect(edited.status).toBe(200)
    const seen = Number((await client.list('?search=new&limit=1')).headers.get('x-total-count'))
    expect(seen).toBeLessThan(2000)
    const all = await Array.fromAsync(lines)
    expect(JSON.parse(all.at(-1) ?? '')).toMatchObject({ code: 200, done: 2000 })
    expect((await client.list('?limit=1')).body.media[0]?.tags).toEqual(['between', 'new'])
  })

  it('ends when the server stops, and reports it', async () => {
    const { data, server, client } = await start(manyItems(500))
    const { unlock } = await lock(data)
    const { lines } = await begin(client, 'tags', { search: '', until: 2000, add: 'new' })
    await lines.next()
    const exited = once(server.process, 'exit')
    server.process.kill('SIGTERM')
    await server.logged('finishing the running requests')
    await unlock()
    const all = (await Array.fromAsync(lines)).map((line) => JSON.parse(line))
    const { done, ...last } = all.at(-1)
    expect(last).toEqual({
      data: 'Service busy',
      code: 503,
      error: 'service-busy',
      detail: 'The server is being stopped; send the request again for the rest.',
      failures: 0,
      failed: [],
    })
    expect(await exited).toEqual([0, null])
    expect(done).toBeLessThan(500)
    await takeStock(data)
    const again = await startServer({}, data)
    const { tags } = (await (await signIn(again)).request<TagList>('GET', '/media/tags')).body
    expect(tags).toEqual(done > 0 ? [{ tag: 'new', count: done }] : [])
  })
})

it('ends at the next batch when the account is disabled, and reports what was done', async () => {
  const { data, server, client } = await start(manyItems(3000))
  const password = 'the password of an editor'
  await runCli(data, ['user', 'add', 'ed', '--role', 'editor', '--password-stdin'], {
    input: password,
  })
  const editor = await new Client(server.url).signIn('ed', password)
  const all = { search: '', until: 3000, add: ['Done'], remove: [] }
  const { lines } = await begin(editor, 'tags', all)
  const first = JSON.parse(String((await lines.next()).value))
  await runCli(data, ['user', 'disable', 'ed'])
  let last = first
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    last = JSON.parse(line.value)
  }
  expect(last).toMatchObject({ code: 401, data: 'Unauthorized' })
  expect(last.done).toBeGreaterThanOrEqual(first.done)
  expect(last.done).toBeLessThan(3000)
  const { headers } = await client.list('?search=Done&limit=1')
  expect(headers.get('x-total-count')).toBe(String(last.done))
})
