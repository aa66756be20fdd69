/** Measures adds, deletes and renders while the storage for renditions is full. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Client } from '../test/harness.ts'
import { type Comparison, medianRatio, summarize } from './comparison.ts'
import { type Filled, fillRenditions, measureVariants } from './full-room.ts'
import { keepPhotos, renewPhoto } from './photos.ts'
import { openSequential } from './sequential.ts'
import { type Served, serveLibrary, signInTo } from './servers.ts'
import { IS_FULL, ROUNDS, SECONDS } from './sizes.ts'

const engine = 'SQLite'
const ITEMS = IS_FULL ? 200 : 20
/** All of it is full at the start. A render is a thousandth of it. */
const ROOM = IS_FULL ? 60_000_000 : 6_000_000
/** Adds, and deletes, of a round. */
const CHANGES = IS_FULL ? 50 : 5
const RENDERS_AT_ONCE = 2
const SAMPLE_MS = 100
const MOST_OVER = 1.01
const MOST_SLOWER = 1.1

export async function* fillRoom(): AsyncGenerator<Comparison> {
  const photo = await makeSmall()
  const full = await startFilled(photo, { VITRINE_VARIANT_BYTES: String(ROOM) })
  const free = await startFilled(photo, {})
  try {
    const sizes: number[] = []
    const rates: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const { most, rate } = await watchRoom(full)
      sizes.push(most / 1e6)
      rates.push(rate)
    }
    const what = 'storage of images of any size, full'
    yield {
      what: `${what}: most that it took while more were made`,
      engine,
      measured: summarize(sizes, 'MB'),
      limit: { ...summarize([ROOM / 1e6], 'MB'), by: 'VITRINE_VARIANT_BYTES' },
      ratio: (Math.max(...sizes) * 1e6) / ROOM,
      target: { of: 'ratio', most: MOST_OVER },
    }
    yield {
      what: `${what}: images made, for each of which others go`,
      engine,
      measured: summarize(rates, '/s'),
    }

    const times = { add: { full: [], free: [] }, delete: { full: [], free: [] } } as Times
    for (let round = 0; round < ROUNDS; round++) {
      for (const [state, filled] of [
        ['free', free],
        ['full', full],
      ] as const) {
        const { adding, deleting } = await changeBesideRenders(filled, photo)
        times.add[state].push(adding)
        times.delete[state].push(deleting)
      }
    }
    for (const change of ['add', 'delete'] as const) {
      yield {
        what: `${change} while images are made: ${what}`,
        engine,
        measured: summarize(times[change].full, 'ms'),
        limit: { ...summarize(times[change].free, 'ms'), by: 'not full' },
        ratio: medianRatio(times[change].full, times[change].free),
        target: { of: 'ratio', most: MOST_SLOWER },
      }
    }
  } finally {
    await full.stop()
    await free.stop()
  }
}

type Times = Record<'add' | 'delete', Record<'full' | 'free', number[]>>

type Room = Served & Filled & { data: string; client: Client; asked: number }

/** A photograph whose images of all sizes are made in some milliseconds. */
const makeSmall = async () =>
  sharp((await keepPhotos())[0])
    .resize(1600)
    .jpeg({ quality: 85 })
    .toBuffer()

/** Starts a server on a library whose images of any size take `ROOM` bytes. */
async function startFilled(
  photo: Buffer,
  settings: Readonly<Record<string, string>>,
): Promise<Room> {
  const data = mkdtempSync(join(tmpdir(), 'vitrine-bench-room-'))
  const first = await serveLibrary({ data, settings: {} })
  const client = await signInTo(first)
  for (let index = 0; index < ITEMS; index++) await add(client, photo)
  await first.stop()
  const filled = await fillRenditions(data, ROOM)
  const server = await serveLibrary({ data, settings: { VITRINE_TRASH_DAYS: '0', ...settings } })
  return {
    ...server,
    ...filled,
    data,
    client: await signInTo(server),
    asked: 0,
    async stop() {
      await server.stop()
      rmSync(data, { recursive: true })
    },
  }
}

async function add(client: Client, photo: Buffer): Promise<number> {
  const { status, body } = await client.add('Photo', [], renewPhoto(photo))
  if (status !== 200) throw new Error(`An add was answered with ${status}: ${body.detail}`)
  return body.media.id
}

async function remove(client: Client, id: number): Promise<void> {
  const { status } = await client.delete(`/media/delete/${id}`)
  if (status !== 200) throw new Error(`A delete was answered with ${status}.`)
}

/** Makes images that have not been made yet until `work` is done. @returns how many were made */
async function renderDuring(room: Room, work: () => Promise<unknown>): Promise<number> {
  let isDone = false
  let made = 0
  const makeSome = async () => {
    const connection = await openSequential(room.url)
    while (!isDone) {
      await connection.time({ path: room.paths[room.asked++ % room.paths.length] ?? '' })
      made++
    }
    connection.close()
  }
  const making = Array.from({ length: RENDERS_AT_ONCE }, makeSome)
  await work()
  isDone = true
  await Promise.all(making)
  return made
}

/** @returns the most bytes that storage held of images of any size */
async function watchRoom(room: Room): Promise<{ most: number; rate: number }> {
  let most = 0
  const start = performance.now()
  const end = start + 1000 * SECONDS
  const made = await renderDuring(room, async () => {
    while (performance.now() < end) {
      most = Math.max(most, measureVariants(room.data) - room.scaledBytes)
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
    }
  })
  return { most, rate: (1000 * made) / (performance.now() - start) }
}

/** @returns milliseconds of one add and one delete, on average */
async function changeBesideRenders(room: Room, photo: Buffer) {
  const ids: number[] = []
  let [adding, deleting] = [0, 0]
  await renderDuring(room, async () => {
    const start = performance.now()
    for (let index = 0; index < CHANGES; index++) ids.push(await add(room.client, photo))
    adding = (performance.now() - start) / CHANGES
    const added = performance.now()
    for (const id of ids) await remove(room.client, id)
    deleting = (performance.now() - added) / CHANGES
  })
  return { adding, deleting }
}
