import { watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, type Server, signIn, startServer } from './harness.ts'
import { loseObject, replaceObject } from './library-storage.ts'

const PATIENCE = { timeout: 20_000 }
const FAILURE = {
  status: 500,
  body: { data: 'Error processing media', code: 500, detail: expect.stringMatching(/^[A-Z].*\.$/) },
}

let server: Server
let owner: Client
let guest: Client
beforeAll(async () => {
  server = await startServer({ VITRINE_IMAGE_WORKERS: '1', VITRINE_IMAGE_QUEUE: '0' })
  owner = await signIn(server)
  guest = new Client(server.url)
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
})

let seed = 0
const addImage = async (): Promise<MediaItem> =>
  (await owner.add('An image', [], await makePng({ seed: ++seed }))).body.media

const countStored = async () => Object.keys((await expectConsistent(server.data)).stored).length

/** Counts the images that the server works on from now on. Each has a folder of its own for a while. */
async function watchWork() {
  const tmp = join(server.data, 'tmp')
  const [own = ''] = await readdir(tmp)
  const seen = new Set<string | null>()
  const watcher = watch(join(tmp, own), (_, name) => {
    if (name?.startsWith('work-')) seen.add(name)
  })
  return {
    /** Adds an image. Its folder is seen after all earlier ones. */
    async count() {
      const before = seen.size
      await addImage()
      await expect.poll(() => seen.size, PATIENCE).toBeGreaterThan(before)
      watcher.close()
      return seen.size - 1
    },
  }
}

describe('a large variant', () => {
  it('is rendered once, even if many clients request it at once', async () => {
    const media = await addImage()
    const stored = await countStored()
    const work = await watchWork()
    const urls = [media.urls.high, `/media/image/${media.id}/high`]
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => guest.get(urls[index % 2] ?? '')),
    )
    expect(answers.map(({ status }) => status)).toEqual(new Array(50).fill(200))
    for (const { bytes } of answers) expect(bytes.equals(answers[0]?.bytes ?? bytes)).toBe(true)
    expect(await countStored()).toBe(stored + 1)

    expect((await guest.get(media.urls.high)).status).toBe(200)
    expect(await work.count()).toBe(1)
  })

  it('is shared by items with the same bytes, and deleted with the last of them', async () => {
    const stored = await countStored()
    const image = await makePng({ seed: ++seed })
    const first = (await owner.add('First', [], image)).body.media
    const second = (await owner.add('Second', [], image)).body.media
    const shown = await guest.get(first.urls.high)
    await owner.delete(`/media/delete/${first.id}`)
    expect((await guest.get(`/media/image/${first.id}/high`)).status).toBe(404)
    const same = await guest.get(second.urls.high)
    expect(same.bytes.equals(shown.bytes)).toBe(true)
    await owner.delete(`/media/delete/${second.id}`)
    expect(await countStored()).toBe(stored)
  })

  it('is answered 503 with Retry-After while too many renders are waiting', async () => {
    const items: MediaItem[] = []
    for (let count = 0; count < 6; count++) items.push(await addImage())
    const answers = await Promise.all(items.map(({ urls }) => guest.get(urls.high)))
    const busy = answers.filter(({ status }) => status === 503)
    expect(busy.length).toBeGreaterThan(0)
    expect(busy.length).toBeLessThan(items.length)
    for (const { body, headers } of busy) {
      expect(body).toMatchObject({ data: 'Service busy', code: 503, error: 'service-busy' })
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(headers.get('cache-control')).toBe('no-store')
    }
    for (const { urls } of items) expect((await guest.get(urls.high)).status).toBe(200)
    await expectConsistent(server.data)
  })

  it('of a damaged original fails, and the failure is remembered until the item is deleted', async () => {
    const media = await addImage()
    const { bytes } = await owner.get(`/media/original/${media.id}`)
    await replaceObject(server.data, media.path, bytes.subarray(0, media.size >> 1))
    const failed = await guest.get(media.urls.high)
    expect(failed).toMatchObject(FAILURE)
    expect(failed.headers.get('cache-control')).toBe('no-store')
    expect((await guest.get(media.urls.scaled)).status).toBe(200)
    expect(server.log()).not.toContain('"level":50')
    // These are not the stored bytes, so no part of them is sent.
    const original = `/media/original/${media.id}`
    expect(await owner.get(original)).toMatchObject(FAILURE)
    const headers = { range: 'bytes=0-9' }
    expect(await owner.get(original, { headers })).toMatchObject(FAILURE)

    const work = await watchWork()
    for (let count = 0; count < 5; count++) {
      expect(await guest.get(`/media/image/${media.id}/high`)).toMatchObject(FAILURE)
    }
    expect(await work.count()).toBe(0)
    await replaceObject(server.data, media.path, bytes)

    await owner.delete(`/media/delete/${media.id}`)
    expect((await guest.get(media.urls.high)).status).toBe(404)
    await expectConsistent(server.data)
  })

  it('of a missing original fails until the same bytes are added again', async () => {
    const image = await makePng({ seed: ++seed })
    const { media } = (await owner.add('An image', [], image)).body
    await loseObject(server.data, media.path)
    expect(await guest.get(media.urls.high)).toMatchObject(FAILURE)
    expect(await owner.get(`/media/original/${media.id}`)).toMatchObject(FAILURE)
    // Only the server can be the cause.
    expect(server.log()).toContain('"level":50')

    const twin = (await owner.add('The same', [], image)).body.media
    expect((await guest.get(media.urls.high)).status).toBe(200)
    const original = await owner.get(`/media/original/${media.id}`)
    expect(original.bytes.equals(image)).toBe(true)
    expect((await owner.list('?limit=2')).body.media).toEqual([twin, { ...media, path: twin.path }])
    await expectConsistent(server.data)
  })
})
