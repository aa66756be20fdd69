import { writeFile } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { Queries } from '../src/database/tables.ts'
import type { MediaItem } from '../src/media/item.ts'
import { trashItems } from '../src/media/trash/trash.ts'
import { expectConsistent, expectSettled, takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'
import { stockLibrary } from './stock-library.ts'

const PASSWORD = 'a password for tests of the trash'
const DAY_MS = 24 * 3600 * 1000

let first: Server
let second: Server
let admin: Client
/** The administrator at the other server. */
let abroad: Client
let viewer: Client
let guests: [Client, Client]
beforeAll(async () => {
  first = await startServer()
  second = await startServer({}, first.data)
  await runCli(first.data, ['user', 'add', 'viewer', '--role', 'viewer', '--password-stdin'], {
    input: PASSWORD,
  })
  admin = await signIn(first)
  abroad = await signIn(second)
  viewer = await signIn(first, 'viewer', PASSWORD)
  guests = [new Client(first.url), new Client(second.url)]
})
afterAll(async () => {
  for (const server of [first, second]) {
    expect(server.log()).not.toContain('"level":50')
    expect(await server.stop()).toBe(0)
  }
})

let seed = 4_000_000
const newImage = (width = 60) => makePng({ width, height: 40, seed: ++seed })
async function add(name = 'An image', tags: string[] = [], image?: Buffer): Promise<MediaItem> {
  const { status, body } = await admin.add(name, tags, image ?? (await newImage()))
  expect(status).toBe(200)
  return body.media
}
const trash = async (id: number, client = admin) => {
  const { status, body } = await client.post(`/media/trash/${id}`, undefined)
  expect([status, body]).toEqual([200, { data: 'Media moved to the trash', code: 200 }])
}
const restore = async (id: number, client = admin) => {
  const { status, body } = await client.post(`/media/restore/${id}`, undefined)
  expect([status, body]).toEqual([200, { data: 'Media restored', code: 200 }])
}
const byId = ({ id }: MediaItem) => [
  `/media/image/${id}`,
  `/media/image/${id}/scaled`,
  `/media/image/${id}/high`,
]
const byDigest = ({ urls }: MediaItem) => [urls.scaled, urls.high]

async function expectStatus(status: number, paths: readonly string[], clients: Client[] = guests) {
  for (const client of clients) {
    for (const path of paths) {
      expect([path, (await client.get(path)).status]).toEqual([path, status])
    }
  }
}

async function inDatabase<T>(data: string, work: (db: Queries) => Promise<T>): Promise<T> {
  const database = await openDatabase(await locateDatabase(data))
  try {
    return await database.write(work)
  } finally {
    await database.close()
  }
}

/** The result of bulk work. */
const lastLine = (bytes: Buffer) => JSON.parse(bytes.toString().trimEnd().split('\n').at(-1) ?? '')

describe('an item in the trash', () => {
  it('is out of lists, searches, tags and counts, and comes back with all it had', async () => {
    const { status, body } = await admin.post('/media/add', {
      name: 'Quaint tower',
      tags: ['quaint tag'],
      alt: 'An old one',
      rating: 4,
      translations: { de: { alt: 'Ein altes' } },
      image: (await newImage()).toString('base64'),
    })
    expect(status).toBe(200)
    const { id } = body.media
    const before = (await admin.request('GET', `/media/item/${id}`)).body
    const list = (await admin.list()).body
    await trash(id)
    for (const search of ['quaint', 'altes', 'old', '']) {
      const found = (await abroad.list(`?search=${search}`)).body.media
      expect(found.map((item) => item.id)).not.toContain(id)
    }
    const tags = await abroad.request('GET', '/media/tags?search=quaint')
    expect(tags.body).toMatchObject({ tags: [] })
    expect(Number((await admin.list('?limit=1')).headers.get('x-total-count'))).toBe(
      list.media.length - 1,
    )
    expect((await expectConsistent(first.data)).trashed).toContain(id)

    await restore(id, abroad)
    expect((await admin.request('GET', `/media/item/${id}`)).body).toEqual(before)
    expect((await admin.list()).body).toEqual(list)
    expect((await admin.list('?search=quaint')).body.media.map((item) => item.id)).toEqual([id])
    await expectConsistent(first.data)
  })

  it('is 404 for the public at once, at every instance, also where it was just sent from memory', async () => {
    const media = await add()
    const paths = [...byId(media), ...byDigest(media)]
    for (let round = 0; round < 2; round++) {
      const agents = guests.map(() => new Agent({ keepAlive: true, maxSockets: 1 }))
      // From the second request on, a request on an open connection is answered from memory.
      for (const _ of [1, 2, 3]) {
        for (const [index, { url }] of guests.entries()) {
          for (const path of paths) expect(await statusOf(url + path, agents[index])).toBe(200)
        }
      }
      await trash(media.id, round === 0 ? admin : abroad)
      for (const [index, { url }] of guests.entries()) {
        for (const path of paths) expect(await statusOf(url + path, agents[index])).toBe(404)
      }
      const conditional = { headers: { 'if-none-match': '*' } }
      for (const path of paths) expect((await guests[0].get(path, conditional)).status).toBe(404)
      await restore(media.id)
      await expectStatus(200, paths)
      for (const agent of agents) agent.destroy()
    }
  })

  it('is shown by id only to those who may delete it, and never kept by a cache', async () => {
    const image = await newImage()
    const media = await add('Shown', ['a tag'], image)
    await trash(media.id)
    const shown = await admin.request<{ media: object; rank: number }>(
      'GET',
      `/media/item/${media.id}`,
    )
    expect(shown.status).toBe(200)
    expect(shown.headers.get('cache-control')).toBe('private, no-store')
    expect(shown.body.media).toMatchObject({
      ...media,
      trashedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      trashedBy: 'admin',
    })
    const original = await admin.get(`/media/original/${media.id}`)
    expect([original.status, original.bytes]).toEqual([200, image])
    expect(original.headers.get('cache-control')).toBe('private, no-store')
    for (const path of byId(media)) {
      const answer = await admin.get(path)
      expect([path, answer.status]).toEqual([path, 200])
      expect(answer.headers.get('cache-control')).toBe('private, no-store')
      expect(answer.headers.get('access-control-allow-origin')).toBe(null)
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    }
    const all = [`/media/item/${media.id}`, `/media/original/${media.id}`, ...byId(media)]
    await expectStatus(404, all, [viewer])
    await expectStatus(404, byId(media), guests)
    await expectStatus(404, byDigest(media), [admin, ...guests])
    // A live item says nothing of a trash.
    await restore(media.id)
    const live = await admin.request<{ media: object }>('GET', `/media/item/${media.id}`)
    expect(Object.keys(live.body.media)).not.toContain('trashedAt')
  })

  it('cannot be changed, and can be deleted for good', async () => {
    const media = await add()
    const { id } = media
    await trash(id)
    const change = { name: 'New', tags: [] }
    expect((await admin.post(`/media/edit/${id}`, change)).status).toBe(404)
    expect(
      (await admin.request('PATCH', `/media/item/${id}`, { json: { name: 'New' } })).status,
    ).toBe(404)
    const tagged = await admin.post('/media/bulk/tags', { ids: [id], add: 'new' })
    expect(lastLine(tagged.bytes)).toMatchObject({ done: 0, failures: 1 })
    const again = await admin.post(`/media/trash/${id}`, undefined)
    expect([again.status, again.body.detail]).toEqual([404, `Item ${id} is in the trash already.`])
    expect((await admin.delete(`/media/delete/${id}`)).status).toBe(200)
    expect((await admin.post(`/media/restore/${id}`, undefined)).status).toBe(404)
    expect((await admin.get(`/media/item/${id}`)).status).toBe(404)
    expect((await expectSettled(first.data)).trashed).not.toContain(id)
  })

  it('shares its immutable addresses with a live item of the same bytes, also an earlier version', async () => {
    const image = await newImage()
    const [one, other] = [await add('One', [], image), await add('Other', [], image)]
    await trash(one.id)
    await expectStatus(404, byId(one))
    await expectStatus(200, [...byId(other), ...byDigest(one)])
    await trash(other.id)
    await expectStatus(404, [...byId(other), ...byDigest(one)])

    const replaced = await add('Replaced')
    await inDatabase(first.data, async (db) => {
      const { file_id } = await db
        .selectFrom('media')
        .select('file_id')
        .where('id', '=', one.id)
        .executeTakeFirstOrThrow()
      const version = { media_id: replaced.id, version: 1, file_id, added_at: 1, added_by: null }
      await db.insertInto('versions').values(version).execute()
    })
    await expectStatus(200, byDigest(one))
    await trash(replaced.id)
    await expectStatus(404, byDigest(one))
    expect((await admin.delete(`/media/delete/${replaced.id}`)).status).toBe(200)
  })

  it('is named by an add of the same bytes, which makes a new item', async () => {
    const image = await newImage()
    const media = await add('Gone', [], image)
    await trash(media.id)
    const { status, body } = await admin.add('Back', [], image)
    expect([status, body]).toMatchObject([200, { duplicates: [media.id], trashed: true }])
    await expectStatus(200, [...byDigest(media), ...byId(body.media)])
    const third = await admin.add('Again', [], image)
    expect(third.body).toMatchObject({ duplicates: [media.id, body.media.id], trashed: true })
    await restore(media.id)
    const fourth = await admin.add('Again', [], image)
    expect(fourth.body.duplicates).toHaveLength(3)
    expect(fourth.body).not.toHaveProperty('trashed')
  })
})

/** Sends a request on the agent's open connection, if there is one. */
async function statusOf(url: string, agent: Agent | undefined): Promise<number | undefined> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent }, resolve).on('error', reject)
  })
  await buffer(answer)
  return answer.statusCode
}

describe('many items', () => {
  it('go to the trash and come back, by ids and by search', async () => {
    const items = []
    for (const name of ['Herd one', 'Herd two', 'Herd three', 'Flock']) items.push(await add(name))
    const ids = items.map(({ id }) => id)
    const until = Math.max(...ids)
    const done = async (path: string, body: object) => {
      const answer = await admin.post(`/media/bulk/${path}`, body)
      expect(answer.status).toBe(200)
      return lastLine(answer.bytes)
    }
    const isThere = async (search: string) =>
      (await admin.list(`?search=${search}`)).body.media.length

    expect(await done('trash', { search: 'herd', until, except: [ids[1]] })).toEqual({
      data: 'Media moved to the trash',
      code: 200,
      done: 2,
      failures: 0,
      failed: [],
    })
    expect(await isThere('herd')).toBe(1)
    expect(await done('trash', { ids })).toMatchObject({
      done: 2,
      failures: 2,
      failed: [
        { id: ids[0], name: 'Herd one', code: 404 },
        { id: ids[2], name: 'Herd three', code: 404 },
      ],
    })
    expect(await isThere('flock')).toBe(0)
    expect(await done('trash', { search: 'herd', until })).toMatchObject({ done: 0, failures: 0 })
    expect(await done('restore', { search: 'herd', until: until - 2 })).toMatchObject({ done: 2 })
    const rest = { search: 'HERD', until, in: 'trash', except: [ids[0]] }
    expect(await done('restore', rest)).toMatchObject({ data: 'Media restored', done: 1 })
    expect(await isThere('herd')).toBe(3)
    expect(await done('restore', { ids: [ids[0], ids[3]] })).toMatchObject({ done: 1, failures: 1 })
    expect(await isThere('flock')).toBe(1)

    await done('trash', { ids })
    expect(await done('delete', { search: 'flock', until, in: 'trash' })).toMatchObject({ done: 1 })
    expect(await done('delete', { search: 'herd', until })).toMatchObject({ done: 0 })
    expect((await expectSettled(first.data)).trashed).not.toContain(ids[3])
    expect(await done('delete', { ids: ids.slice(0, 3) })).toMatchObject({ done: 3 })
  })

  it.each([
    ['trash', { search: '' }, 'Required parameters missing'],
    ['restore', { search: '' }, 'Required parameters missing'],
    ['restore', { search: '', until: 1, in: 'library' }, 'Invalid parameters'],
    ['restore', { search: '', until: 1, in: 'attic' }, 'Invalid parameters'],
    ['restore', { ids: [1], in: 'trash' }, 'Invalid parameters'],
    ['delete', { search: '', until: 1, in: 'attic' }, 'Invalid parameters'],
    ['trash', { search: '', until: 1, in: 'trash' }, 'Invalid parameters'],
  ])('are not moved by %s with %j', async (path, body, data) => {
    const answer = await admin.post(`/media/bulk/${path}`, body)
    expect([answer.status, answer.body.data]).toEqual([400, data])
  })
})

describe('when its time in the trash is over', () => {
  it('an item is deleted for good, and only then', async () => {
    const [old, merged, into, fresh, live] = [
      await add(),
      await add(),
      await add(),
      await add(),
      await add(),
    ]
    for (const { id } of [old, fresh]) await trash(id)
    expect((await admin.post('/media/merge', { into: into.id, ids: [merged.id] })).status).toBe(200)
    await age([old, merged], 30)
    await age([fresh], 29)
    // The first process to start finds them.
    const third = await startServer({ VITRINE_FILE_SERVICE: 'false' }, first.data)
    expect(await third.stop()).toBe(0)
    const still = (await expectConsistent(first.data)).trashed
    expect(still).toEqual(expect.arrayContaining([old.id, merged.id, fresh.id]))

    const fourth = await startServer({}, first.data)
    await fourth.logged('whose time in the trash was over')
    expect(await fourth.stop()).toBe(0)
    const { trashed, media } = await expectSettled(first.data)
    expect(trashed).toContain(fresh.id)
    expect(trashed).not.toContain(old.id)
    expect(trashed).not.toContain(merged.id)
    expect(media).toContain(live.id)
    await expectStatus(404, [...byId(old), ...byDigest(old)])
    // Its addresses were given away as those of the item that it was merged into.
    for (const guest of guests) await expectMoved(guest, merged, into)
    const entries = await admin.request<{ entries: object[] }>('GET', '/audit?action=media-deleted')
    expect(entries.body.entries).toContainEqual(
      expect.objectContaining({ actor: 'the server', detail: { ids: [old.id, merged.id] } }),
    )
    await trash(into.id)
    await expectStatus(404, [...byId(merged), ...byDigest(merged)])
    await restore(into.id)
    for (const guest of guests) await expectMoved(guest, merged, into)
    expect((await admin.delete(`/media/delete/${into.id}`)).status).toBe(200)
    await expectStatus(404, [...byId(merged), ...byDigest(merged)])
    expect((await runCli(first.data, ['doctor'])).stdout).toContain('nothing found')
  })

  it('follows the setting, and leaves the work to another process that is at it', async () => {
    const media = await add()
    await trash(media.id)
    await age([media], 20)
    const short = { VITRINE_TRASH_DAYS: '15' }
    const owners = (owner: string | null) =>
      inDatabase(first.data, (db) => db.updateTable('trash_purge').set({ owner }).execute())
    const [{ id: owner = '' } = {}] = await inDatabase(first.data, (db) =>
      db.selectFrom('owners').select('id').orderBy('lease_until', 'desc').limit(1).execute(),
    )
    await owners(owner)
    const third = await startServer(short, first.data)
    expect(await third.stop()).toBe(0)
    expect((await expectSettled(first.data)).trashed).toContain(media.id)

    await owners('a process that is gone')
    const fourth = await startServer(short, first.data)
    await fourth.logged('whose time in the trash was over')
    expect(await fourth.stop()).toBe(0)
    expect((await expectSettled(first.data)).trashed).not.toContain(media.id)
  })

  it('is deleted after all where the server is killed meanwhile', async () => {
    const data = makeDataFolder()
    await stockLibrary(data, 400)
    const ids = Array.from({ length: 399 }, (_, index) => index + 2)
    const database = await openDatabase(await locateDatabase(data))
    expect(await trashItems(database, ids)).toEqual([])
    await database.close()
    await inDatabase(data, (db) =>
      db.updateTable('media').set({ trashed_at: 1 }).where('id', 'in', ids).execute(),
    )
    const left = () =>
      inDatabase(data, (db) =>
        db.selectFrom('media').select('id').where('trashed_at', 'is not', null).execute(),
      )
    for (let kills = 0; kills < 3; kills++) {
      const server = await startServer({}, data)
      const before = (await left()).length
      while (before > 0 && (await left()).length === before) await new Promise(setImmediate)
      await server.kill()
      // As if a minute had passed: another process may not know at once that this one is gone.
      await inDatabase(data, (db) => db.updateTable('owners').set({ lease_until: 0 }).execute())
    }
    expect((await left()).length).toBeLessThan(399)
    const server = await startServer({}, data)
    await expect.poll(async () => (await left()).length, { timeout: 30_000 }).toBe(0)
    // The last process may still be removing files.
    const storedAsNamed = async () => {
      const { stored, named } = await takeStock(data)
      return isDeepStrictEqual(stored, named)
    }
    await expect.poll(storedAsNamed, { timeout: 30_000 }).toBe(true)
    expect((await takeStock(data)).media).toEqual([1])
    expect((await runCli(data, ['doctor'])).stdout).toContain('nothing found')
    expect(await server.stop()).toBe(0)
  })
})

describe('vitrine import', () => {
  it('adds bytes that only the trash has, and skips those of live items', async () => {
    const [gone, live] = [await newImage(), await newImage()]
    await trash((await add('Gone', [], gone)).id)
    await add('Live', [], live)
    const folder = makeDataFolder()
    await writeFile(join(folder, 'gone.png'), gone)
    await writeFile(join(folder, 'live.png'), live)
    const counts = async () => (await runCli(first.data, ['import', folder])).stdout
    expect(await counts()).toBe('1 added, 1 already there, 0 refused, 0 failed\n')
    expect(await counts()).toBe('0 added, 2 already there, 0 refused, 0 failed\n')
  })
})

describe('vitrine trash', () => {
  it('lists the items in the trash, and deletes them for good', async () => {
    const server = await startServer()
    const client = await signIn(server)
    const { data } = server
    const ids: number[] = []
    for (const name of ['Old', 'Merged', 'Kept']) {
      ids.push((await client.add(name, [], await newImage())).body.media.id)
    }
    const [old = 0, merged = 0, kept = 0] = ids
    await trash(old, client)
    await client.post('/media/merge', { into: kept, ids: [merged] })
    const listed = await runCli(data, ['trash', 'list'])
    expect(listed.stdout).toMatch(
      /^ID +IN THE TRASH SINCE +BY +MERGED INTO +NAME\n2 +\S+Z +admin +3 +Merged\n1 +\S+Z +admin +- +Old\n$/,
    )
    const shorter = await runCli(data, ['trash', 'list', '--limit', '1'])
    expect(shorter.stderr).toContain('There are 2 items in the trash: show more with --limit.')

    expect((await runCli(data, ['trash', 'empty', '--older-than', '1'])).stdout).toBe(
      '0 items deleted for good\n',
    )
    expect((await runCli(data, ['trash', 'empty', '--older-than', 'x'])).code).toBe(1)
    expect(await runCli(data, ['trash', 'empty'])).toMatchObject({
      code: 0,
      stdout: '2 items deleted for good\n',
    })
    expect((await expectSettled(data)).trashed).toEqual([])
    expect((await client.get(`/media/item/${old}`)).status).toBe(404)
    const guest = new Client(server.url)
    expect((await guest.get(`/media/image/${merged}`)).status).toBe(308)
    expect(await server.stop()).toBe(0)
  })
})

/** Lets items be in the trash for this many days and an hour. */
const age = (items: readonly MediaItem[], days: number) =>
  inDatabase(first.data, async (db) => {
    await db
      .updateTable('media')
      .set((row) => ({ trashed_at: row('trashed_at', '-', days * DAY_MS + 3_600_000) }))
      .where(
        'id',
        'in',
        items.map(({ id }) => id),
      )
      .execute()
  })

/** Expects every address of a deleted item to lead to the other one. */
async function expectMoved(client: Client, gone: MediaItem, into: MediaItem) {
  for (const [from, to] of [
    ...byId(gone).map((path, index) => [path, byId(into)[index]]),
    ...byDigest(gone).map((path, index) => [path, byDigest(into)[index]]),
  ]) {
    const { status, headers } = await client.get(from ?? '')
    expect([from, status]).toEqual([from, 308])
    const target = new URL(headers.get('location') ?? '', client.url + from)
    expect(target.pathname).toBe(to)
    expect((await client.get(target.pathname)).status).toBe(200)
  }
}

describe('merging', () => {
  const merge = (into: number, ids: number[], client = admin) =>
    client.post('/media/merge', { into, ids })
  const patch = async (id: number, json: object) => {
    expect((await admin.request('PATCH', `/media/item/${id}`, { json })).status).toBe(200)
  }

  it('gives the item what it lacks, and leads all addresses of the others to it', async () => {
    const into = await add('Into', ['Tower', 'night'])
    const [unfocused, third] = [await add('Second', ['tower', 'sea']), await add('Third', ['sky'])]
    const [inner, outer] = await inDatabase(first.data, async (db) => {
      const rows = ['Inner', 'Outer'].map((name, index) => ({
        name,
        folded: name.toLowerCase(),
        parent: null,
        position: index,
      }))
      return db.insertInto('collections').values(rows).returning('id').execute()
    })
    const collections = [inner?.id ?? 0, outer?.id ?? 0].sort((a, b) => a - b)
    await patch(into.id, {
      alt: 'Own alt',
      translations: { de: { alt: 'Eigen' } },
      collections: [collections[0]],
    })
    await patch(unfocused.id, {
      alt: 'Other alt',
      credit: 'Ada',
      focus: { x: 0.2, y: 0.3 },
      translations: { de: { alt: 'Fremd', description: 'Beschrieben' }, fr: { alt: 'Autre' } },
    })
    const second = (await admin.request<{ media: MediaItem }>('GET', `/media/item/${unfocused.id}`))
      .body.media
    await patch(third.id, {
      credit: 'Bob',
      description: 'Described',
      copyright: '© Bob',
      source: 'https://bob.example',
      rating: 3,
      takenAt: '2026-03-14T15:09:26',
      collections,
    })
    const { status, body } = await merge(into.id, [second.id, third.id])
    expect([status, body.data]).toEqual([200, 'Media merged successfully'])
    expect(body).not.toHaveProperty('warnings')
    const wanted = {
      name: 'Into',
      tags: ['Tower', 'night', 'sea', 'sky'],
      alt: 'Own alt',
      description: 'Described',
      credit: 'Ada',
      copyright: '© Bob',
      source: 'https://bob.example',
      rating: 3,
      takenAt: '2026-03-14T15:09:26',
      focus: { x: 0.2, y: 0.3 },
      collections,
      revision: 3,
    }
    expect(body.media).toMatchObject(wanted)
    const shown = await abroad.request<{ media: object }>('GET', `/media/item/${into.id}`)
    const translations = {
      de: { alt: 'Eigen', description: 'Beschrieben' },
      fr: { alt: 'Autre' },
    }
    expect(shown.body.media).toMatchObject({ ...wanted, translations })
    for (const guest of guests) {
      for (const gone of [second, third]) {
        for (const [index, path] of byId(gone).entries()) {
          const { status, headers } = await guest.get(path)
          expect([path, status]).toEqual([path, 308])
          expect(headers.get('cache-control')).toBe('no-cache')
          const target = new URL(headers.get('location') ?? '', guest.url + path)
          expect(target.pathname).toBe(byId(into)[index])
        }
      }
    }
    await expectStatus(200, [second, third].flatMap(byDigest))
    // The focus gave it another key.
    await expectStatus(308, byDigest(unfocused))
    // Whoever may delete it can look at the item itself.
    const own = await admin.get(`/media/image/${second.id}/scaled?in=trash`)
    expect(own.bytes).toEqual((await admin.get(second.urls.scaled)).bytes)
    await expectStatus(404, [`/media/image/${second.id}?in=trash`])
    expect((await admin.get(`/media/item/${second.id}`)).status).toBe(200)
    const { trashed } = await expectConsistent(first.data)
    expect(trashed).toEqual(expect.arrayContaining([second.id, third.id]))

    await restore(second.id)
    await expectStatus(200, byId(second))
    await expectStatus(308, byId(third))
    expect((await admin.list('?search=fremd')).body.media.map(({ id }) => id)).toEqual([second.id])
    const { entries } = (await admin.request<{ entries: object[] }>('GET', '/audit?limit=20')).body
    expect(entries).toContainEqual(
      expect.objectContaining({
        action: 'media-merged',
        subject: `media:${into.id}`,
        detail: { name: 'Into', ids: [second.id, third.id] },
      }),
    )
    expect((await runCli(first.data, ['doctor'])).stdout).toContain('nothing found')
  })

  it('leads to the end of a chain, and nowhere while that is in the trash', async () => {
    const [a, b, c] = [await add('A'), await add('B'), await add('C')]
    expect((await merge(b.id, [a.id])).status).toBe(200)
    expect((await merge(c.id, [b.id])).status).toBe(200)
    const leadsTo = async (item: MediaItem) => {
      const { status, headers } = await guests[1].get(`/media/image/${item.id}`)
      return status === 308 ? Number(headers.get('location')) : status
    }
    expect([await leadsTo(a), await leadsTo(b)]).toEqual([c.id, c.id])
    await trash(c.id)
    expect([await leadsTo(a), await leadsTo(b), await leadsTo(c)]).toEqual([404, 404, 404])
    await expectStatus(404, [a, b, c].flatMap(byDigest))
    await restore(c.id)
    await restore(b.id)
    expect([await leadsTo(a), await leadsTo(b)]).toEqual([b.id, 200])
    expect((await merge(c.id, [b.id])).status).toBe(200)
    // What led to a deleted item leads to where that led.
    expect((await admin.delete(`/media/delete/${b.id}`)).status).toBe(200)
    expect([await leadsTo(a), await leadsTo(b)]).toEqual([c.id, 404])
    await expectStatus(404, byDigest(b))
    await expectStatus(200, byDigest(a))
    expect((await admin.delete(`/media/delete/${c.id}`)).status).toBe(200)
    expect(await leadsTo(a)).toBe(404)
    await restore(a.id)
    expect(await leadsTo(a)).toBe(200)
  })

  it('says which tags it left out, and takes a focus only from an image of the same shape', async () => {
    const names = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
    const into = await add('Full', names(60, 'own'))
    const other = await add('Other', names(6, 'more'), await newImage(90))
    await patch(other.id, { focus: { x: 0.5, y: 0.5 } })
    const { body } = await merge(into.id, [other.id])
    expect(body).toMatchObject({
      warnings: ['These tags were left out, because an item can have 64: "more 4", "more 5".'],
      media: { focus: null },
    })
    expect(body.media.tags).toEqual([...names(60, 'own'), ...names(4, 'more')])
  })

  it('does all or nothing', async () => {
    const [into, one, gone] = [await add('Into'), await add('One', ['its tag']), await add('Gone')]
    await trash(gone.id)
    const before = (await admin.list()).body
    const absent = 9_007_199_254_740_991
    for (const [target, ids, status] of [
      [into.id, [one.id, gone.id], 404],
      [into.id, [one.id, absent], 404],
      [gone.id, [one.id], 404],
      [absent, [one.id], 404],
      [into.id, [], 400],
      [into.id, [one.id, into.id], 400],
      [into.id, Array.from({ length: 1001 }, (_, index) => index + 1), 400],
    ] as const) {
      expect([ids, (await merge(target, [...ids])).status]).toEqual([ids, status])
    }
    expect((await merge(into.id, [one.id], viewer)).status).toBe(403)
    expect((await admin.list()).body).toEqual(before)
    const token = async (permissions: string[]) =>
      (
        await admin.request<{ secret: string }>('POST', '/auth/tokens', {
          json: { name: 'script', permissions, days: 1 },
        })
      ).body.secret
    for (const permissions of [['edit-media'], ['delete-media'], ['edit-media', 'delete-media']]) {
      const authorization = `Bearer ${await token(permissions)}`
      const json = { into: into.id, ids: [one.id] }
      const { status } = await guests[0].request('POST', '/media/merge', {
        json,
        headers: { authorization },
      })
      expect([permissions, status]).toEqual([permissions, permissions.length === 2 ? 200 : 403])
    }
  })
})

describe('without a trash', () => {
  it('its routes are unknown', async () => {
    const server = await startServer({ VITRINE_TRASH_DAYS: '0' })
    const client = await signIn(server)
    for (const path of ['trash/1', 'restore/1', 'bulk/trash', 'bulk/restore', 'merge']) {
      const { status, body } = await client.post(`/media/${path}`, {})
      expect([path, status, body.data]).toEqual([path, 404, 'Not found'])
    }
    expect(await server.stop()).toBe(0)
  })
})
