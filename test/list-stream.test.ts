import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { buffer, json } from 'node:stream/consumers'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { MediaItem } from '../src/media/item.ts'
import type { MediaList } from '../src/media/list/list-route.ts'
import { findTemporary } from './consistency.ts'
import { fillLibrary } from './fill-library.ts'
import { makePng } from './fixtures.ts'
import { type Client, makeDataFolder, type Server, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

/** Together far more than the socket buffers hold for a client that does not read. */
const COUNT = 3000
const PADDING = 10_000

const PATIENCE = { timeout: 20_000 }

let server: Server
let client: Client
beforeAll(async () => {
  const data = makeDataFolder()
  const fillings = Array.from({ length: COUNT }, (_, index) => ({
    name: `Item ${index + 1}`,
    padding: PADDING,
  }))
  await fillLibrary(data, fillings)
  server = await startServer({}, data)
  client = await signIn(server)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
})

const readList = async (answer: IncomingMessage) => (await json(answer)) as MediaList

async function readPages(order: string): Promise<MediaItem[]> {
  const items: MediaItem[] = []
  for (let offset = 0; ; offset += 1000) {
    const { media } = (await client.list(`?order=${order}&limit=1000&offset=${offset}`)).body
    items.push(...media)
    if (media.length === 0) return items
  }
}

/**
 * Whether no connection holds an old snapshot of the database, so that its write-ahead log can be
 * truncated.
 */
async function hasNoReader(): Promise<boolean> {
  const location = await locateDatabase(server.data)
  if (typeof location === 'string') {
    const database = new DatabaseSync(location)
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {}
    database.close()
    return busy === 0
  }
  const database = await openDatabase(location)
  const { rows } = await sql<{ open: number }>`
    SELECT count(*) AS open FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`.execute(
    database.read,
  )
  await database.close()
  return rows[0]?.open === 0
}

/** Limits the file descriptors of a process, and so its files and connections. */
function limitFiles(pid: number | undefined, limit: number | 'none') {
  const most = limit === 'none' ? 4096 : limit
  const { status } = spawnSync('prlimit', ['--pid', String(pid), `--nofile=${most}:4096`])
  expect(status).toBe(0)
}

function findFreeDescriptor(pid: number | undefined): number {
  const used = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  for (let descriptor = 0; ; descriptor += 1) if (!used.has(descriptor)) return descriptor
}

const temporaryFiles = async () => (await findTemporary(server.data)).length

describe('the whole library', () => {
  it.each(['added-desc', 'added-asc'])('in the order %s equals all of its pages', async (order) => {
    const answer = await client.open(`/media?order=${order}`)
    expect(answer.headers).toMatchObject({
      'transfer-encoding': 'chunked',
      'x-total-count': String(COUNT),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'private, no-cache',
    })
    const { media, ...rest } = await readList(answer)
    expect(rest).toEqual({ max: 1, from: 1, to: COUNT })
    expect(media).toEqual(await readPages(order))
    expect(media.length).toBe(COUNT)
  })

  it('streams large pages and searches too', async () => {
    const page = await readList(await client.open('/media?limit=2000&offset=500'))
    expect(page).toMatchObject({ max: 2, from: 501, to: 2500 })
    expect(page.media.map(({ id }) => id)).toEqual(
      Array.from({ length: 2000 }, (_, index) => COUNT - 500 - index),
    )
    const found = await readList(await client.open('/media?search=item&order=added-asc'))
    expect(found.media.map(({ id }) => id)).toEqual(
      Array.from({ length: COUNT }, (_, index) => index + 1),
    )
  })

  it('answers HEAD without reading it', async () => {
    const { status, headers, bytes } = await client.request('HEAD', '/media')
    expect({ status, bytes: bytes.length }).toEqual({ status: 200, bytes: 0 })
    expect(headers.get('x-total-count')).toBe(String(COUNT))
  })

  it('is a single snapshot, despite concurrent changes and a slow client', async () => {
    const before = await readPages('added-desc')
    const answer = await client.open('/media')
    const added = (await client.add('New', [], await makePng())).body.media
    await client.post('/media/edit/1', { name: 'Changed', tags: [] })
    await client.delete('/media/delete/2')
    await client.delete(`/media/delete/${COUNT}`)

    // The client has not read yet. Data beyond the socket buffers waits in a file, without a database
    // snapshot.
    await expect.poll(hasNoReader, PATIENCE).toBe(true)
    expect(await temporaryFiles()).toBe(1)
    expect(await readList(answer)).toMatchObject({ media: before, max: 1, from: 1, to: COUNT })
    await expect.poll(temporaryFiles, PATIENCE).toBe(0)

    const { media } = await readList(await client.open('/media'))
    expect(media.length).toBe(COUNT - 1)
    expect(media[0]).toEqual(added)
    expect(media.at(-1)?.name).toBe('Changed')
    await client.delete(`/media/delete/${added.id}`)
  })

  it('is streamed to at most four clients at once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.open('/media')))
    const fifth = await client.get('/media')
    expect(fifth).toMatchObject({ status: 503, body: { data: 'Service busy', code: 503 } })
    expect(fifth.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(fifth.headers.get('cache-control')).toBe('no-store')
    expect(fifth.headers.get('etag')).toBe(null)
    // Short lists are not limited.
    expect((await client.list('?limit=1000')).status).toBe(200)

    await Promise.all(answers.map(readList))
    expect((await client.get('/media')).status).toBe(200)
  })

  it('leaves nothing behind for clients that disconnect', async () => {
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 4 }, () => client.open('/media')))
      for (const answer of answers) answer.destroy()
      const isFree = async () => (await client.request('GET', '/media?limit=2000')).status === 200
      await expect.poll(isFree, PATIENCE).toBe(true)
    }
    await expect.poll(hasNoReader, PATIENCE).toBe(true)
    await expect.poll(temporaryFiles, PATIENCE).toBe(0)
    expect(server.log()).not.toContain('"level":50')
  })

  it('closes the connection at a fault, so that no client takes a part for the whole', async () => {
    const database = await openDatabase(await locateDatabase(server.data))
    await database.write((trx) => trx.deleteFrom('media_json').where('id', '=', 1000).execute())
    await database.close()
    const answer = await client.open('/media')
    expect(answer.statusCode).toBe(200)
    await expect(readList(answer)).rejects.toThrow('aborted')
    expect((await client.get('/media?limit=1&offset=0')).status).toBe(200)
    await expect.poll(temporaryFiles, PATIENCE).toBe(0)
    // A search that finds the damaged item must fail too. A short page would be taken for the last one.
    const { status } = await client.get('/media?search=item+1000&limit=5')
    expect(status).toBe(500)
  })
})

describe.skipIf(process.platform !== 'linux')('a server at its limit of open files', () => {
  it('refuses a list that needs a file, and answers it once the limit is raised', async () => {
    const other = await startServer({}, server.data)
    try {
      // One connection, which is opened before the limit is set.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const ask = async (path: string) => {
        const asking = request(other.url + path, { agent, headers: { cookie: client.cookie } })
        const [answer] = await once(asking.end(), 'response')
        await buffer(answer)
        return answer.statusCode
      }
      expect(await ask('/media?limit=1')).toBe(200)
      limitFiles(other.process.pid, findFreeDescriptor(other.process.pid))
      // Long enough to be streamed, and without the item that the previous test damaged.
      const long = '/media?limit=1500'
      expect(await ask(long)).toBe(503)
      expect(await ask('/media?limit=1')).toBe(200)

      limitFiles(other.process.pid, 'none')
      expect(await ask(long)).toBe(200)
      agent.destroy()
    } finally {
      expect(await other.stop()).toBe(0)
    }
  })
})
