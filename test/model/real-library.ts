import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { expect } from 'vitest'
import type { MediaItem } from '../../src/media/item.ts'
import type { VersionList } from '../../src/media/versions/version-routes.ts'
import { expectConsistent } from '../consistency.ts'
import { makeGif, makeJpeg, makePng, makeWebp } from '../fixtures.ts'
import {
  type Answer,
  Client,
  makeDataFolder,
  runCli,
  type Server,
  signIn,
  startServer,
} from '../harness.ts'
import { keyOf } from '../squares.ts'
import { type Item, listItems, type Query, type Reference } from './reference.ts'
import { type AskedImage, HEIGHT, isPreset, sizeOf, widthOf } from './sizes.ts'

/** A few kilobytes: renditions are removed all the time to make room for others. */
const RENDITION_BYTES = 8000
const SETTINGS = {
  VITRINE_VARIANT_BYTES: String(RENDITION_BYTES),
  VITRINE_IIIF: 'true',
  VITRINE_PUBLIC_URL: 'https://images.example',
}

/** Only a few images, so that the same bytes are added repeatedly. */
const makers = [makePng, makeJpeg, makeWebp, makeGif]
export const IMAGES = 8
const images = await Promise.all(
  Array.from({ length: IMAGES }, async (_, index) => {
    const make = makers[index % makers.length] ?? makePng
    return make({ width: widthOf(index), height: HEIGHT, seed: 7_000_000 + index })
  }),
)
export const imageOf = (index: number): Buffer => images[index] ?? Buffer.of()
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export type RealLibrary = Awaited<ReturnType<typeof openRealLibrary>>

/** A real server and its library, across restarts. */
export async function openRealLibrary() {
  const data = makeDataFolder()
  let server: Server = await startServer(SETTINGS, data)
  let client = await signIn(server)

  async function start() {
    const { cookie } = client
    server = await startServer(SETTINGS, data)
    client = new Client(server.url)
    client.cookie = cookie
  }

  /** Sends a request without a session. */
  const asGuest = (path: string) => new Client(server.url).get(path)

  /** As a browser, which goes where it is sent. */
  async function follow(path: string): Promise<Answer> {
    const answer = await asGuest(path)
    const location = answer.headers.get('location')
    if (location === null) return answer
    return follow(new URL(location, server.url + path).pathname)
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
    follow,

    asGuest,

    /** Kills the server `delay` milliseconds after a request. */
    async killDuring(
      ask: () => Promise<Answer | undefined>,
      delay: number,
    ): Promise<Answer | undefined> {
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
    async compareItem({ id, name, tags, focus, image, versions }: Item) {
      const { media } = (await client.get(`/media/item/${id}`)).body
      expect(media).toMatchObject({ id, name, tags, focus })
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

    /**
     * Expects an image of an item to have its size. The same of the same original has the same bytes, whenever and for
     * whatever address it is made.
     */
    async compareImage({ thumb, shown }: Reference, item: Item, { by, options }: AskedImage) {
      const { urls } = (await client.get(`/media/item/${item.id}`)).body.media
      const places = {
        id: `/media/image/${item.id}`,
        key: urls.scaled.slice(0, -'/scaled.webp'.length),
        iiif: `/iiif/${keyOf({ urls })}`,
      }
      const path = `${places[by]}/${options}`
      const { status, bytes } = await follow(path)
      const size = sizeOf(item.image, options, thumb)
      expect([path, status]).toEqual([path, size ? 200 : 404])
      if (!size) return
      const { width, height } = await sharp(bytes).metadata()
      expect([path, width, height]).toEqual([path, size.width, size.height])
      const made = JSON.stringify([item.image, item.focus, options, isPreset(options) && thumb])
      const digest = sha256(bytes)
      expect([made, digest]).toEqual([made, shown.get(made) ?? digest])
      shown.set(made, digest)
    },

    /** Compares the whole library, and the consistency of its storage. */
    async compareAll(reference: Reference) {
      const { media } = (await client.list('?order=added-asc')).body
      const textsOf = ({
        id,
        name,
        tags,
        focus,
      }: Pick<MediaItem, 'id' | 'name' | 'tags' | 'focus'>) => ({ id, name, tags, focus })
      expect(media.map(textsOf)).toEqual(reference.items.map(textsOf))
      const { stored, trashed, renditionBytes } = await expectConsistent(data)
      expect(renditionBytes).toBeLessThanOrEqual(RENDITION_BYTES)
      expect(trashed).toEqual(reference.trash.map(({ id }) => id).sort((a, b) => a - b))
      const bytes = media.map(({ path }) => stored[path])
      expect(bytes).toEqual(reference.items.map(({ image }) => sha256(imageOf(image))))
      const originals = Object.keys(stored).filter((key) => key.startsWith('originals/'))
      const kept = [...reference.items, ...reference.trash].flatMap(({ versions }) =>
        versions.map(({ image }) => sha256(imageOf(image))),
      )
      expect(originals.map((key) => stored[key]).sort()).toEqual([...new Set(kept)].sort())
    },

    /** Runs `vitrine doctor`. */
    async examine() {
      expect(await runCli(data, ['doctor'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('nothing found'),
      })
    },

    async close() {
      await server.kill()
    },
  }
}
