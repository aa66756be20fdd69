import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { VersionList } from '../../src/media/versions/version-routes.ts'
import { expectConsistent } from '../consistency.ts'
import { makeGif, makeJpeg, makePng, makeWebp } from '../fixtures.ts'
import {
  type Answer,
  Client,
  makeDataFolder,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'
import { type Item, listItems, type Query, type Reference } from './reference.ts'

/** Only a few images, so that the same bytes are added repeatedly. */
const makers = [makePng, makeJpeg, makeWebp, makeGif]
export const IMAGES = 8
const images = await Promise.all(
  Array.from({ length: IMAGES }, async (_, index) => {
    const make = makers[index % makers.length] ?? makePng
    return make({ width: 20 + index, height: 16, seed: 7_000_000 + index })
  }),
)
export const imageOf = (index: number): Buffer => images[index] ?? Buffer.of()
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export type RealLibrary = Awaited<ReturnType<typeof openRealLibrary>>

/** A real server and its library, across restarts. */
export async function openRealLibrary() {
  const data = makeDataFolder()
  let server: Server = await startServer({}, data)
  let client = await signIn(server)

  async function start() {
    const { cookie } = client
    server = await startServer({}, data)
    client = new Client(server.url)
    client.cookie = cookie
  }

  async function restart() {
    expect(await server.stop()).toBe(0)
    await start()
  }

  return {
    get client() {
      return client
    },
    restart,

    /** Kills the server `delay` milliseconds after a request. */
    async killDuring(ask: () => Promise<Answer>, delay: number): Promise<Answer | undefined> {
      const asking = ask().catch(() => undefined)
      await sleep(delay)
      await server.kill()
      const answer = await asking
      await start()
      return answer
    },

    /** Expects a list to match the reference. */
    async compareList({ items }: Reference, query: Query) {
      const { order, limit, offset, search } = query
      const parameters = new URLSearchParams({ order, offset: String(offset) })
      if (limit !== undefined) parameters.set('limit', String(limit))
      if (search !== '') parameters.set('search', search)
      const { body, headers, status } = await client.list(`?${parameters}`)
      expect(status).toBe(200)
      const { media, max, from, to } = body
      const total = Number(headers.get('x-total-count'))
      const ids = media.map(({ id }) => id)
      expect({ ids, total, max, from, to }).toEqual(listItems(items, query))
    },

    /** Expects an item to have its current texts and its original bytes. */
    async compareItem({ id, name, tags, image, versions }: Item) {
      expect((await client.get(`/media/item/${id}`)).body.media).toMatchObject({ id, name, tags })
      const original = await client.get(`/media/original/${id}`)
      expect(sha256(original.bytes)).toBe(sha256(imageOf(image)))
      const { body } = await client.request<VersionList>('GET', `/media/item/${id}/versions`)
      expect(body.versions.map(({ version, size }) => ({ version, size }))).toEqual(
        versions.map(({ version, image }) => ({ version, size: imageOf(image).length })).reverse(),
      )
      const byId = await client.get(`/media/image/${id}`)
      expect(byId.status).toBe(200)
      for (const [index, { urls }] of body.versions.entries()) {
        const shown = await client.get(urls.scaled)
        expect(shown.status).toBe(200)
        if (index === 0) expect(shown.bytes.equals(byId.bytes)).toBe(true)
      }
    },

    /** Compares the whole library, and the consistency of its storage. */
    async compareAll(reference: Reference) {
      const { media } = (await client.list('?order=added-asc')).body
      const shown = media.map(({ id, name, tags }) => ({ id, name, tags }))
      expect(shown).toEqual(reference.items.map(({ id, name, tags }) => ({ id, name, tags })))
      const { stored } = await expectConsistent(data)
      const bytes = media.map(({ path }) => stored[path])
      expect(bytes).toEqual(reference.items.map(({ image }) => sha256(imageOf(image))))
      const originals = Object.keys(stored).filter((key) => key.startsWith('originals/'))
      const kept = reference.items.flatMap(({ versions }) => versions.map(({ image }) => image))
      expect(originals.length).toBe(new Set(kept).size)
    },

    async close() {
      await server.kill()
    },
  }
}
