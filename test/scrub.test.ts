import { existsSync } from 'node:fs'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import type { Queries } from '../src/database/tables.ts'
import { makePng } from './fixtures.ts'
import { type Settings, signIn, startServer } from './harness.ts'
import { locateDatabase } from './postgres.ts'

const SCRUBBING = { VITRINE_SCRUB_DAYS: '1' }
const DONE = 'Scrub: every file was read'

/** Always stores files on disk, because these tests damage single bytes. */
async function start(settings: Settings, data?: string) {
  const server = await startServer({ ...settings, VITRINE_STORAGE_URL: undefined }, data)
  onTestFinished(() => server.kill())
  return server
}

/** Makes a library with some images and stops its server. File ids equal item ids. */
async function makeLibrary(count: number) {
  const server = await start({})
  const client = await signIn(server)
  const items = []
  for (let seed = 1; seed <= count; seed++) {
    const image = await makePng({ seed })
    const { media } = (await client.add(`Picture ${seed}`, [], image)).body
    const scaled = (await client.get(media.urls.scaled)).bytes
    items.push({ ...media, image, scaled, original: join(server.data, 'files', media.path) })
  }
  expect(await server.stop()).toBe(0)
  return { data: server.data, items }
}

async function inDatabase<T>(data: string, work: (db: Queries) => Promise<T>): Promise<T> {
  const database = await openDatabase(await locateDatabase(data))
  try {
    return await database.write(work)
  } finally {
    await database.close()
  }
}

async function findScaled(data: string, fileId: number): Promise<string> {
  const { key } = await inDatabase(data, (db) =>
    db.selectFrom('variants').select('key').where('file_id', '=', fileId).executeTakeFirstOrThrow(),
  )
  return join(data, 'files', key)
}

async function flipByte(path: string) {
  const bytes = await readFile(path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  await writeFile(path, bytes)
}

const readScrub = (data: string) =>
  inDatabase(data, (db) => db.selectFrom('scrub').selectAll().executeTakeFirstOrThrow())

describe('the scrub', () => {
  it('renders damaged variants again, and stops the delivery of damaged originals', async () => {
    const { data, items } = await makeLibrary(4)
    const [flipped, cut, missing, sound] = items
    if (!flipped || !cut || !missing || !sound) throw new Error('There are four.')
    await flipByte(flipped.original)
    await truncate(await findScaled(data, cut.id), 10)
    await rm(await findScaled(data, missing.id))

    const server = await start(SCRUBBING, data)
    await server.logged(DONE)
    const client = await signIn(server)
    expect(server.log()).toMatch(
      /"Scrub: The original of item 1 .*Picture 1.* has other bytes than were stored .*Moved it to/,
    )
    expect(server.log()).toContain('Scrub: The scaled image of item 2 ')
    expect(server.log()).toContain('Scrub: The scaled image of item 3 ')
    for (const { urls, scaled } of [cut, missing, sound]) {
      expect((await client.get(urls.scaled)).bytes).toEqual(scaled)
    }
    const { status, body } = await client.get(`/media/original/${flipped.id}`)
    expect({ status, ...body }).toEqual({
      status: 500,
      code: 500,
      data: 'Error processing media',
      error: 'media-damaged',
      detail: expect.stringContaining('an upload of the same image brings it back'),
    })
    expect((await client.list()).body.media).toHaveLength(4)
    expect(existsSync(flipped.original)).toBe(false)

    const again = await client.add('Healed', [], flipped.image)
    expect(again.body).toMatchObject({ code: 200, duplicates: [flipped.id] })
    for (const { id, image } of items) {
      expect((await client.get(`/media/original/${id}`)).bytes).toEqual(image)
    }
    expect(await server.stop()).toBe(0)
  })

  it('runs on one server, continues where it stopped, and is off by default', async () => {
    const { data, items } = await makeLibrary(3)
    const [first, , last] = items
    if (!first || !last) throw new Error('There are three.')
    for (const { original } of [first, last]) await rm(original)
    await inDatabase(data, (db) => db.updateTable('scrub').set({ last_file_id: 2 }).execute())

    const one = await start(SCRUBBING, data)
    await one.logged(DONE)
    expect(one.log()).toContain('"files":1')
    expect(one.log()).toContain('The original of item 3 ')
    expect(one.log()).not.toContain('The original of item 1 ')

    const { owner } = await readScrub(data)
    expect(owner).not.toBeNull()
    const other = await start(SCRUBBING, data)
    expect(await other.stop()).toBe(0)
    expect(other.log()).not.toContain('Scrub:')
    expect(await readScrub(data)).toMatchObject({ owner, last_file_id: 0 })
    expect(await one.stop()).toBe(0)
    expect(await readScrub(data)).toMatchObject({ owner: null })

    const idle = await start({}, data)
    expect(await idle.stop()).toBe(0)
    expect(idle.log()).not.toContain('Scrub:')
  })
})
