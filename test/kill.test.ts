import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectConsistent, takeStock } from './consistency.ts'
import { makeDataFolder, runCli, type Settings, signIn, startServer } from './harness.ts'
import {
  type Act,
  type Item,
  type MortalLibrary,
  newImage,
  openMortalLibrary,
  WITH_KILL_POINTS,
} from './mortal-library.ts'

/** Each step starts and ends a server. */
const SLOW = { timeout: 300_000 }

interface Scenario {
  is: string
  /** The minimum number of its steps. Without it, a test with too few steps would pass. */
  steps: number
  /**
   * Tests every nth step; 1 unless another scenario, which starts at another step, has steps of the same
   * kind. `npm run soak -- calls` tests every step.
   */
  stride?: number
  /** The first step that is tested; 1 unless another scenario starts there. */
  first?: number
  prepare(library: MortalLibrary): Promise<Act>
  settings?: Settings
  /** Work that remains before the library is whole. */
  settle?(library: MortalLibrary, act: Act): Promise<void>
}

const additionOf = (image: Buffer): Act => ({
  method: 'POST',
  path: '/media/add',
  json: { name: 'Added', tags: ['one', 'two'], image: image.toString('base64') },
  before: undefined,
  after: { name: 'Added', image },
})

const editOf = (item: Item): Act => ({
  method: 'POST',
  path: `/media/edit/${item.media.id}`,
  json: { name: 'Edited', tags: [] },
  before: item,
  after: { name: 'Edited', image: item.image },
})

const deletionOf = (item: Item): Act => ({
  method: 'DELETE',
  path: `/media/delete/${item.media.id}`,
  before: item,
  after: undefined,
  goesOn: true,
})

const trashingOf = (item: Item): Act => ({
  method: 'POST',
  path: `/media/trash/${item.media.id}`,
  before: item,
  after: undefined,
})

const showingOf = (item: Item, path = item.media.urls.high): Act => ({
  method: 'GET',
  path,
  before: item,
  after: { name: item.media.name, image: item.image },
})

const replacementOf = (item: Item, image: Buffer): Act => ({
  method: 'POST',
  path: `/media/replace/${item.media.id}`,
  json: { image: image.toString('base64') },
  before: item,
  after: { name: item.media.name, image },
  replaces: true,
})

/** The step of a render of `high` at which its bytes get their final name. */
const RENAME = 10

const scenarios: Scenario[] = [
  { is: 'an add', steps: 24, stride: 5, prepare: async () => additionOf(await newImage()) },
  {
    is: 'an add of bytes that the library already has',
    steps: 6,
    prepare: async (library) => additionOf((await library.takeItem()).image),
  },
  {
    is: 'an add of bytes that storage has lost',
    steps: 24,
    stride: 5,
    first: 3,
    prepare: async (library) => {
      const { media, image } = await library.takeItem()
      await unlink(join(library.data, 'files', media.path))
      return additionOf(image)
    },
    settle: async (library, { after }) => {
      const { named, stored } = await takeStock(library.data)
      expect(named).toMatchObject(stored)
      if (after) await library.restore(after.image)
    },
  },
  { is: 'an edit', steps: 3, prepare: async (library) => editOf(await library.takeItem()) },
  {
    is: 'a delete',
    steps: 14,
    stride: 5,
    first: 2,
    prepare: async (library) => deletionOf(await library.takeItem('high')),
  },
  {
    is: 'a delete of many',
    steps: 14,
    stride: 5,
    prepare: async (library) => {
      const item = await library.takeItem('high')
      const json = { ids: [item.media.id] }
      return { ...deletionOf(item), method: 'POST', path: '/media/bulk/delete', json }
    },
  },
  {
    is: 'a move to the trash',
    steps: 3,
    prepare: async (library) => trashingOf(await library.takeItem()),
  },
  {
    is: 'a merge',
    steps: 3,
    prepare: async (library) => {
      const [item, into] = [await library.takeItem(), await library.takeItem()]
      const json = { into: into.media.id, ids: [item.media.id] }
      return { ...trashingOf(item), path: '/media/merge', json }
    },
  },
  {
    is: 'a delete while a large variant is being stored',
    steps: 14,
    stride: 5,
    first: 3,
    prepare: async (library) => {
      const item = await library.takeItem()
      return { ...deletionOf(item), meanwhile: { path: item.media.urls.high, step: RENAME } }
    },
  },
  {
    is: 'a delete of one of two items with the same bytes',
    steps: 3,
    prepare: async (library) => {
      const { image } = await library.takeItem()
      return deletionOf(await library.add(image))
    },
  },
  {
    is: 'a replacement',
    steps: 24,
    stride: 5,
    prepare: async (library) => replacementOf(await library.takeItem(), await newImage()),
  },
  {
    is: 'a replacement that drops the earlier version',
    steps: 30,
    stride: 5,
    first: 4,
    settings: { VITRINE_VERSIONS: '0' },
    prepare: async (library) => ({
      ...replacementOf(await library.takeItem('high'), await newImage()),
      goesOn: true,
    }),
  },
  {
    is: 'a replacement by bytes that the library already has',
    steps: 3,
    prepare: async (library) => {
      const { image } = await library.takeItem()
      return replacementOf(await library.takeItem(), image)
    },
  },
  {
    is: 'the restoring of an earlier version',
    steps: 3,
    prepare: async (library) => {
      const first = await library.takeItem()
      const { media } = first
      const item = await library.replace(first, await newImage())
      const path = `/media/item/${media.id}/versions/1/restore`
      return { ...replacementOf(item, first.image), path, json: undefined }
    },
  },
  {
    is: 'the deleting of an earlier version',
    steps: 12,
    stride: 3,
    prepare: async (library) => {
      const item = await library.replace(await library.takeItem('high'), await newImage())
      const path = `/media/item/${item.media.id}/versions/1`
      const after = { name: item.media.name, image: item.image }
      return { method: 'DELETE', path, before: item, after, goesOn: true }
    },
  },
  {
    is: 'the first request for a large variant',
    steps: 12,
    stride: 3,
    first: 3,
    prepare: async (library) => showingOf(await library.takeItem()),
  },
  {
    is: 'the first request for another size, for which another image is removed',
    steps: 12,
    stride: 6,
    first: 3,
    settings: { VITRINE_VARIANT_BYTES: '1' },
    prepare: async (library) => {
      const [item, other] = [await library.takeItem(), await library.takeItem()]
      const pathOf = ({ media }: Item) => media.urls.template.replace('{width}', '80')
      expect((await library.client.get(pathOf(other))).status).toBe(200)
      return showingOf(item, pathOf(item))
    },
  },
]

describe.concurrent('a server that is killed at any step of', () => {
  it.each(scenarios)(
    '$is keeps what it acknowledged',
    SLOW,
    async ({ steps, stride = 1, first = 1, prepare, settle, settings }) => {
      const library = await openMortalLibrary(settings)
      let step = first
      for (let isDone = false; !isDone; step += stride) {
        const act = await prepare(library)
        const { status, isOver } = await library.die(act, step)
        isDone = isOver
        if (status !== undefined) expect(status).toBe(200)
        await settle?.(library, act)
        await library.expectWhole(act, status !== undefined)
      }
      expect(step).toBeGreaterThan(steps)
      // `doctor` finds no more than the checks of each step did, but takes as long as a start.
      await library.expectHealthy()
      await library.close()
    },
  )
})

describe.concurrent('a large variant during its render', () => {
  it('leaves nothing of an item that is deleted at any of its steps', async () => {
    const library = await openMortalLibrary()
    const held: number[] = []
    for (let step = 1; step <= 16; step++) {
      const item = await library.takeItem()
      const { answer, isHeld } = await library.hold(item.media.urls.high, step)
      if (isHeld) held.push(step)
      await library.delete(item)
      expect([200, 404]).toContain((await answer).status)
      expect((await library.client.get(item.media.urls.high)).status).toBe(404)
      await expectConsistent(library.data)
    }
    expect(held).toContain(RENAME)
    expect(held.length).toBeGreaterThanOrEqual(9)
    expect(library.server.log()).toContain(`held at step ${RENAME}: rename`)
    expect(library.server.log()).not.toContain('"level":50')
    await library.expectHealthy()
    await library.close()
  })
})

describe.concurrent('an import that is killed beside a running server', () => {
  it('keeps the added items, and the next one adds the rest', SLOW, async () => {
    const server = await startServer()
    const client = await signIn(server)
    const { data } = server
    const folder = makeDataFolder()
    const images = await Promise.all(Array.from({ length: 16 }, newImage))
    for (const [index, image] of images.entries()) {
      await writeFile(join(folder, `${index}.png`), image)
    }

    let kills = 0
    for (let step = 1; ; step += 47) {
      const settings = { ...WITH_KILL_POINTS, KILL_AT: String(step) }
      const importing = runCli(data, ['import', folder], { settings })
      const { media } = (await client.add('Beside', [], await newImage())).body
      expect((await client.delete(`/media/delete/${media.id}`)).status).toBe(200)
      const { code } = await importing
      if (code === 0) break
      expect(code).toBeNull()
      kills += 1

      const { named, stored, journal } = await takeStock(data)
      expect(stored).toMatchObject(named)
      const strays = Object.keys(stored).filter((key) => named[key] === undefined)
      expect(journal).toEqual(
        expect.arrayContaining(strays.map((key) => key.replace(/\.part$/, ''))),
      )
    }

    expect(kills).toBeGreaterThan(2)
    await expectConsistent(data)
    const { media } = (await client.list()).body
    expect(media.map(({ name }) => name).sort()).toEqual(
      images.map((_, index) => `${index}`).sort(),
    )
    for (const { id, name } of media) {
      const { bytes } = await client.get(`/media/original/${id}`)
      expect(bytes.equals(images[Number(name)] ?? Buffer.of())).toBe(true)
    }
    expect(await runCli(data, ['doctor'])).toMatchObject({ code: 0 })
    expect(await server.stop()).toBe(0)
  })
})
