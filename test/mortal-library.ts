import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { awaitStruckOff, expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import {
  Client,
  makeDataFolder,
  runCli,
  type Server,
  type Settings,
  signIn,
  startServer,
} from './harness.ts'

/** Environment of a process that can be killed at any step. */
export const WITH_KILL_POINTS = {
  NODE_OPTIONS: `--import ${join(import.meta.dirname, 'kill-points.ts')}`,
}

/** Items are made several at a time, while the image workers are warm. */
const ITEMS_AT_ONCE = 8

/** An item as it was acknowledged, with its image bytes. */
export interface Item {
  media: MediaItem
  image: Buffer
}

/** A request, and the state before and after it of the one item that it affects. Undefined is no item. */
export interface Act {
  method: string
  path: string
  json?: unknown
  before: Item | undefined
  after: { name: string; image: Buffer } | undefined
  /** Whether the item gets another file. Its name stays, and `after` has the image of that file. */
  replaces?: boolean
  /** Whether work continues after the response. */
  goesOn?: boolean
  /** Another request, which is held at this step when the act is sent. */
  meanwhile?: { path: string; step: number }
}

export type MortalLibrary = Awaited<ReturnType<typeof openMortalLibrary>>

let seed = 0
export const newImage = () => makePng({ width: 24, height: 16, seed: ++seed })

/** A library whose server is killed and started again, with a record of everything acknowledged. */
export async function openMortalLibrary(settings: Settings = {}) {
  const data = makeDataFolder()
  const items = new Map<number, Item>()
  const spares: Item[] = []
  let server: Server
  let client: Client
  let lastId = 0
  /** The last id before the latest act. A new item has a larger one. */
  let lastIdBefore = 0

  async function start(cookie?: string) {
    server = await startServer({ ...WITH_KILL_POINTS, ...settings }, data)
    client = cookie === undefined ? await signIn(server) : new Client(server.url)
    client.cookie = cookie ?? client.cookie
  }

  function remember(item: Item) {
    items.set(item.media.id, item)
    lastId = Math.max(lastId, item.media.id)
  }

  async function add(image: Buffer): Promise<Item> {
    const { status, body } = await client.add('An item', ['tag'], image)
    expect(status).toBe(200)
    const item = { media: body.media, image }
    remember(item)
    return item
  }

  /** @returns the items that a client sees, in ascending order of id */
  async function readItems() {
    const { media, to } = (await client.list('?order=added-asc')).body
    expect(to).toBe(media.length)
    for (const { id, urls } of media) {
      expect((await client.get(urls.scaled)).status).toBe(200)
      const image = items.get(id)?.image
      const original = await client.get(`/media/original/${id}`)
      if (image) expect(original.bytes.equals(image)).toBe(true)
    }
    return media
  }

  /** Sends a GET request and waits until it is held at a step, or is answered without reaching it. */
  async function hold(path: string, step: number) {
    const text = `held at step ${step}:`
    const answer = client.get(path, { headers: { 'x-hold-at': String(step) } })
    await Promise.race([answer, server.logged(text)])
    return { answer, isHeld: server.log().includes(text) }
  }

  await start()
  return {
    data,
    add,
    hold,
    get server() {
      return server
    },
    get client() {
      return client
    },

    /** An item that no other act uses and whose variant exists. */
    async takeItem(variant: 'scaled' | 'high' = 'scaled'): Promise<Item> {
      for (let count = spares.length === 0 ? ITEMS_AT_ONCE : 0; count > 0; count--) {
        const item = await add(await newImage())
        expect((await client.get(item.media.urls[variant])).status).toBe(200)
        spares.push(item)
      }
      const item = spares.pop()
      if (!item) throw new Error('There is no item left.')
      return item
    },

    /**
     * Sends a request and kills the server before one of its steps, or after all of its work is done. Then
     * starts the server again.
     * @returns the status of the response, if there was one, and whether all of the work was done
     */
    async die(act: Act, step: number): Promise<{ status?: number; isOver: boolean }> {
      const { method, path, json, meanwhile, goesOn = false } = act
      lastIdBefore = lastId
      const exited = once(server.process, 'exit')
      const other = meanwhile && (await hold(meanwhile.path, meanwhile.step))
      const headers = { 'x-kill-at': String(step), ...(goesOn && { 'x-kill-late': '' }) }
      const answer = await client.request(method, path, { json, headers }).catch(() => undefined)
      const isOver =
        answer !== undefined && (!goesOn || (await awaitStruckOff(data, server.process)))
      if (isOver) await server.kill()
      await Promise.all([exited, other?.answer.catch(() => {})])
      await start(client.cookie)
      return { ...(answer && { status: answer.status }), isOver }
    },

    /** Adds the bytes of a lost original. All items with these bytes get the new object. */
    async restore(image: Buffer) {
      const { path } = (await add(image)).media
      for (const item of items.values()) if (item.image.equals(image)) item.media.path = path
    },

    /** Gives an item another image, which leaves an earlier version. */
    async replace({ media: { id } }: Item, image: Buffer): Promise<Item> {
      const json = { image: image.toString('base64') }
      const { status, body } = await client.request('POST', `/media/replace/${id}`, { json })
      expect(status).toBe(200)
      await client.get(body.media.urls.scaled)
      const media = (await client.list()).body.media.find((media) => media.id === id)
      if (!media) throw new Error('The item is gone.')
      const item = { media, image }
      remember(item)
      return item
    },

    /** Deletes one item. */
    async delete({ media }: Item) {
      expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)
      items.delete(media.id)
    },

    /**
     * Expects every acknowledged item to be whole. An unacknowledged act must be done wholly or not at all.
     */
    async expectWhole({ before, after, replaces = false }: Act, isAcknowledged: boolean) {
      if (before) items.delete(before.media.id)
      const media = await readItems()
      const known = [...items.values()].map((item) => item.media)
      expect(media.filter(({ id }) => items.has(id))).toEqual(known.sort((a, b) => a.id - b.id))

      const [found, ...more] = media.filter(({ id }) => !items.has(id))
      expect(more).toEqual([])
      const outcomes = [after?.name, ...(isAcknowledged ? [] : [before?.media.name])]
      expect(outcomes).toContain(found?.name)
      const isReplaced = replaces && found?.path !== before?.media.path
      if (replaces && isAcknowledged) expect(isReplaced).toBe(true)
      const image = replaces && !isReplaced ? before?.image : (after ?? before)?.image
      if (found && image) {
        if (before && replaces) {
          const { id, revision } = before.media
          const size = image.length
          expect(found).toMatchObject({ id, size, revision: revision + (isReplaced ? 1 : 0) })
        } else if (before)
          expect(found).toMatchObject({ id: before.media.id, path: before.media.path })
        else expect(found.id).toBeGreaterThan(lastIdBefore)
        remember({ media: found, image })
        await readItems()
      }
      const stock = await expectConsistent(data)
      expect(stock.media).toEqual([...items.keys()].sort((a, b) => a - b))
    },

    /** Runs `vitrine doctor` while the server runs. */
    async expectHealthy() {
      expect(await runCli(data, ['doctor'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('nothing found'),
      })
    },

    /** Deletes all items, and expects storage to be empty. */
    async close() {
      for (const item of items.values()) await this.delete(item)
      expect((await expectConsistent(data)).stored).toEqual({})
      expect(await server.stop()).toBe(0)
    },
  }
}
