import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { MediaItem } from '../src/media/item.ts'
import { awaitStruckOff, expectConsistent } from './consistency.ts'
import { makePng } from './fixtures.ts'
import { Client, makeDataFolder, runCli, type Server, signIn, startServer } from './harness.ts'

/** Environment of a process that can be killed at any step. */
export const WITH_KILL_POINTS = {
  NODE_OPTIONS: `--import ${join(import.meta.dirname, 'kill-points.ts')}`,
}

/** Made several at a time, while the image workers are warm. */
const ITEMS_AT_ONCE = 8

/** An item as it was acknowledged, and the bytes it was made of. */
export interface Item {
  media: MediaItem
  image: Buffer
}

/** A request, and what it makes of the one item that it is about; undefined is no item. */
export interface Act {
  method: string
  path: string
  json?: unknown
  before: Item | undefined
  after: { name: string; image: Buffer } | undefined
  /** Whether its work goes on after the answer. */
  goesOn?: boolean
  /** Another request, which is in the middle of its work, at that step of it, when this one comes. */
  meanwhile?: { path: string; step: number }
}

export type MortalLibrary = Awaited<ReturnType<typeof openMortalLibrary>>

let seed = 0
export const newImage = () => makePng({ width: 24, height: 16, seed: ++seed })

/** A library through the lives and deaths of its server, with all that was acknowledged. */
export async function openMortalLibrary() {
  const data = makeDataFolder()
  const items = new Map<number, Item>()
  const spares: Item[] = []
  let server: Server
  let client: Client
  let lastId = 0
  /** Before the last act; a new item comes after it. */
  let lastIdBefore = 0

  async function start(cookie?: string) {
    server = await startServer(WITH_KILL_POINTS, data)
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

  /** @returns what a client sees, in ascending order of id */
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

  /** Asks for something, and waits until that is held at a step or has got past it. */
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

    /** An item that no other act is about, and of which this variant has been made. */
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
     * Has the server killed before a step of a request, or once nothing is left to be done for it, and
     * starts it again.
     * @returns the status of the answer, if there was one, and whether it came to the end
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

    /** Adds bytes of which storage has lost the original; all items of them get a new one. */
    async restore(image: Buffer) {
      const { path } = (await add(image)).media
      for (const item of items.values()) if (item.image.equals(image)) item.media.path = path
    },

    /** Deletes an item and nothing else. */
    async delete({ media }: Item) {
      expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)
      items.delete(media.id)
    },

    /** Everything acknowledged is there, whole; what was not is wholly there or not at all. */
    async expectWhole({ before, after }: Act, isAcknowledged: boolean) {
      if (before) items.delete(before.media.id)
      const media = await readItems()
      const known = [...items.values()].map((item) => item.media)
      expect(media.filter(({ id }) => items.has(id))).toEqual(known.sort((a, b) => a.id - b.id))

      const [found, ...more] = media.filter(({ id }) => !items.has(id))
      expect(more).toEqual([])
      const outcomes = [after?.name, ...(isAcknowledged ? [] : [before?.media.name])]
      expect(outcomes).toContain(found?.name)
      const image = (after ?? before)?.image
      if (found && image) {
        if (before) expect(found).toMatchObject({ id: before.media.id, path: before.media.path })
        else expect(found.id).toBeGreaterThan(lastIdBefore)
        remember({ media: found, image })
        await readItems()
      }
      const stock = await expectConsistent(data)
      expect(stock.media).toEqual([...items.keys()].sort((a, b) => a - b))
    },

    /** The program's own check of the whole library, beside the server. */
    async expectHealthy() {
      expect(await runCli(data, ['doctor'])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('nothing found'),
      })
    },

    /** Deletes everything, after which nothing is left. */
    async close() {
      for (const item of items.values()) await this.delete(item)
      expect((await expectConsistent(data)).stored).toEqual({})
      expect(await server.stop()).toBe(0)
    },
  }
}
