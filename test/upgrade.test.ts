import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { DetailedItem } from '../src/media/item.ts'
import { takeStock } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { makeDataFolder, runCli, signIn, startServer } from './harness.ts'
import { makeOldLibrary } from './old-library.ts'
import { locateDatabase } from './postgres.ts'

it('a running server keeps working after a newer version has migrated its tables, but its version cannot start there', async () => {
  const server = await startServer()
  onTestFinished(() => server.kill())
  const client = await signIn(server)
  const { media } = (await client.add('Before', ['tag'], await makePng())).body

  // Like every migration, this one only adds.
  const database = await openDatabase(await locateDatabase(server.data))
  await database.write(async (trx) => {
    await sql`ALTER TABLE media ADD COLUMN future TEXT`.execute(trx)
    await sql`CREATE TABLE futures (id INTEGER PRIMARY KEY)`.execute(trx)
    await sql`
      INSERT INTO kysely_migration (name, timestamp)
      VALUES ('9999-future', '2099-01-01T00:00:00.000Z')`.execute(trx)
  })
  await database.close()

  const edit = { name: 'After', tags: ['tag', 'more'] }
  expect((await client.post(`/media/edit/${media.id}`, edit)).body.media).toMatchObject(edit)
  const added = await client.add('New', ['tag'], await makePng({ seed: 2 }))
  expect(added.status).toBe(200)
  expect((await client.list('?search=after')).body.media).toHaveLength(1)
  expect((await client.get(`/media/image/${media.id}/high`)).status).toBe(200)
  expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)
  expect((await client.list()).body.media).toEqual([added.body.media])
  expect((await client.get('/health/ready')).status).toBe(200)

  const older = await runCli(server.data, ['serve'])
  expect(older).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'The database was last opened by a newer version of Vitrine; start that one.\n',
  })
  expect(await server.stop()).toBe(0)
})

it('a library from before the texts of items keeps its lists, and is found by filters and orders', async () => {
  const data = makeDataFolder()
  const shape = { type: 'image/jpeg', width: 64, height: 48 }
  const listed = await makeOldLibrary(data, [
    { name: 'img10', tags: ['red', 'Sea'], size: 300, ...shape },
    { name: 'img2', tags: ['Red'], size: 100, ...shape, type: 'image/png', width: 20 },
    { name: 'a tower', tags: ['RED', 'tower'], size: 200, ...shape },
    { name: 'Img 3', tags: [], size: 400, ...shape },
    { name: 'boat', tags: ['red'], size: 250, ...shape },
  ])
  const old = listed.map((json) => JSON.parse(json))
  expect(old.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
  expect(listed[0]).not.toContain('revision')

  const server = await startServer({}, data)
  onTestFinished(() => server.kill())
  const client = await signIn(server)
  const ids = async (query: string) => {
    const { status, headers, body } = await client.list(query)
    expect([query, status]).toEqual([query, 200])
    if (!query.includes('limit')) {
      expect(headers.get('x-total-count')).toBe(String(body.media.length))
    }
    return body.media.map(({ id }) => id)
  }
  const defaults = {
    fileName: null,
    alt: null,
    description: null,
    credit: null,
    copyright: null,
    source: null,
    rating: 0,
    focus: null,
    takenAt: null,
    collections: [],
    addedBy: null,
    revision: 1,
  }
  const { body } = await client.list('?order=added-asc')
  expect(body.media).toEqual(
    old.map((item) => ({
      ...item,
      frames: 1,
      ...defaults,
      changedAt: item.timestamp,
      // One key names all sizes.
      urls: {
        scaled: item.urls.scaled,
        high: item.urls.scaled.replace('scaled.webp', 'high.webp'),
        template: item.urls.scaled.replace('scaled.webp', 'w_{width}.webp'),
      },
    })),
  )
  const first = (await client.request<{ media: DetailedItem }>('GET', '/media/item/1')).body.media
  expect(first).toMatchObject({ ...body.media[0], translations: {} })

  // As before.
  expect(await ids('')).toEqual([5, 4, 3, 2, 1])
  expect(await ids('?limit=2&offset=1')).toEqual([4, 3])
  expect(await ids('?search=tower')).toEqual([3])
  expect(await ids('?search=IMG')).toEqual([4, 2, 1])
  expect(await ids('?search=red+img')).toEqual([2, 1])

  expect(await ids('?order=name-asc')).toEqual([3, 5, 4, 2, 1])
  expect(await ids('?order=size-desc')).toEqual([4, 1, 5, 3, 2])
  expect(await ids('?order=changed-asc')).toEqual([1, 2, 3, 4, 5])
  expect((await ids('?order=taken-asc')).toSorted()).toEqual([1, 2, 3, 4, 5])
  expect(await ids('?tag=rEd')).toEqual([5, 3, 2, 1])
  expect(await ids('?tag=red&order=size-asc')).toEqual([2, 3, 5, 1])
  expect(await ids('?lacks=tags')).toEqual([4])
  expect(await ids('?type=png')).toEqual([2])
  expect(await ids('?orientation=portrait')).toEqual([2])
  expect(await ids('?minSize=250&color=red&order=name-desc')).toEqual([1, 4, 5])
  expect(await ids('?added=1970-01-01..1970-01-01')).toEqual([5, 4, 3, 2, 1])
  expect(await ids('?added=1970-01-02..')).toEqual([])
  expect(await ids('?in=trash')).toEqual([])
  const { tags } = (await client.request<{ tags: object[] }>('GET', '/media/tags')).body
  expect(tags).toEqual([
    { tag: 'red', count: 4 },
    { tag: 'Sea', count: 1 },
    { tag: 'tower', count: 1 },
  ])

  const edited = await client.request('PATCH', '/media/item/2', { json: { alt: 'A wave' } })
  expect(edited.body.media).toMatchObject({ id: 2, alt: 'A wave', revision: 2 })
  expect(await ids('?search=wave')).toEqual([2])
  expect(await ids('?order=changed-desc&limit=1')).toEqual([2])
  expect(await server.stop()).toBe(0)
  expect((await takeStock(data)).media).toEqual([1, 2, 3, 4, 5])
  // There are no files. Nothing else is wrong.
  const doctor = await runCli(data, ['doctor', '--quick'])
  const others = doctor.stdout
    .split('\n')
    .filter((line) => !/^The (original|scaled image|immutable URLs) of item \d/.test(line))
  expect(others).toEqual([expect.stringMatching(/^5 items, 5 files, 0 objects checked/), ''])
})
