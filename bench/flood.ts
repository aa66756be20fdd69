/**
 * Measures a flood of requests for images that are forbidden or do not exist. None may cause a render, a write or a file,
 * and other clients must be answered as fast as before.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Comparison, summarize } from './comparison.ts'
import { IMAGES } from './delivery.ts'
import { keepDeliveryLibrary } from './delivery-library.ts'
import { randomFrom } from './fill-photos.ts'
import { load } from './load.ts'
import { pingDuring } from './pinger.ts'
import { findTree } from './processor-time.ts'
import { serveBare, serveLibrary, signInTo } from './servers.ts'
import { ROUNDS, SECONDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const engine = 'SQLite'
const ADDRESSES = 100_000
const LEAST_RATE = 10_000
const SAMPLE_MS = 50

/** Ends of addresses that lead to no image, by the answer that they get for an item that exists. */
const ENDS: readonly ((number: () => number) => string)[] = [
  // 400
  (number) => `w_0,h_${1 + (number() % 8192)}.webp`,
  (number) => `w_${8193 + number()}.webp`,
  (number) => `x_${number()}.webp`,
  (number) => `w_${number() % 8192},ar_${number()}-9.webp`,
  // 403
  (number) => `w_800,q_${1 + (number() % 79)}.webp`,
  (number) => `w_800,crop_${number() % 50}-${number() % 50}-50-50.jpg`,
  (number) => `w_${1 + (number() % 8000)},h_${1 + (number() % 4000)},s_0-${number()}.webp`,
  // 404
  (number) => `preset-${number()}.webp`,
  (number) => `image-${number()}`,
  // 308
  (number) => `w_${1 + (number() % 75)}.webp`,
]

export async function* flood(): AsyncGenerator<Comparison> {
  const library = await keepDeliveryLibrary(IMAGES)
  const server = await serveLibrary({ data: library.data, settings: {} })
  const bare = await serveBare({
    status: 404,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"data":"Media not found","code":404}'),
  })
  const watch = await watchServer(server.pid)
  const state = openState(library.data, server.pid)
  try {
    const client = await signInTo(server)
    const asked = {
      url: server.url,
      headers: { cookie: client.cookie },
      next: () => '/media?limit=50',
    }
    const rates: number[] = []
    const limits: number[] = []
    const p99: number[] = []
    const traces: number[] = []
    const processor: number[] = []
    let memory = 0
    for (let round = 0; round < ROUNDS; round++) {
      const paths = drawAddresses(round + 1, library.images.scaled)
      const refused = { paths, seconds: SECONDS, mayRefuse: true }
      limits.push((await load(bare.url, refused)).rate)
      const { result, taken } = await watch.during(() =>
        state.during(() => pingDuring(asked, () => load(server.url, refused))),
      )
      const { result: loaded, p99: waited } = result.result
      rates.push(loaded.rate)
      processor.push(taken.processor / loaded.requests)
      memory = Math.max(memory, taken.memory)
      p99.push(waited)
      traces.push(result.traces)
    }
    const what = 'random addresses that lead to no image'
    yield {
      what,
      engine,
      measured: summarize(rates, '/s'),
      limit: { ...summarize(limits, '/s'), by: 'bare Fastify, 404' },
      ratio: summarize(rates, '').median / summarize(limits, '').median,
      target: { of: 'measured', least: LEAST_RATE },
      processor: summarize(processor, 'ms').median,
      memory,
    }
    yield {
      what: `${what}: renders, writes to the database and files`,
      engine,
      measured: summarize(traces, 'traces'),
      target: { of: 'measured', most: 0 },
    }
    yield {
      what: `${what}: 99th percentile of lists meanwhile`,
      engine,
      measured: summarize(p99, 'ms'),
      target: { of: 'measured', most: 50 },
    }
  } finally {
    state.close()
    await watch.close()
    await bare.stop()
    await server.stop()
  }
}

/** Half of them of items that exist, by id or by key; half of none. */
function drawAddresses(seed: number, images: readonly { path: string }[]): string[] {
  const random = randomFrom(seed)
  const number = (end = 1e9) => Math.floor(random() * end)
  const keyOf = (path = '') => path.split('/')[3] ?? ''
  const unknownKey = () =>
    Array.from({ length: 22 }, () => keyLetters[number(keyLetters.length)]).join('')
  const places = [
    () => `image/${1 + number(images.length)}`,
    () => `file/${keyOf(images[number(images.length)]?.path)}`,
    () => `image/${images.length + number()}`,
    () => `file/${unknownKey()}`,
  ]
  const oneOf = <T>(values: readonly T[]) => values[number(values.length)]
  return Array.from(
    { length: ADDRESSES },
    () => `/media/${oneOf(places)?.()}/${oneOf(ENDS)?.(() => number())}`,
  )
}

const keyLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Notices image processes, writes to the database, and new files. */
function openState(data: string, pid: number) {
  const database = new DatabaseSync(join(data, 'vitrine.db'), { readOnly: true })
  const version = database.prepare('PRAGMA data_version')
  const readVersion = () => Number(version.get()?.data_version)
  const countFiles = () => readdirSync(data, { recursive: true }).length
  return {
    /** Runs `work`. `traces` is how often something was noticed. */
    async during<T>(work: () => Promise<T>): Promise<{ result: T; traces: number }> {
      const files = countFiles()
      const processes = findTree(pid).length
      let traces = 0
      let known = readVersion()
      const look = () => {
        const now = readVersion()
        if (now !== known) traces++
        known = now
      }
      const timer = setInterval(look, SAMPLE_MS)
      try {
        const result = await work()
        look()
        traces += Math.abs(countFiles() - files) + Math.abs(findTree(pid).length - processes)
        return { result, traces }
      } finally {
        clearInterval(timer)
      }
    },
    close: () => database.close(),
  }
}
