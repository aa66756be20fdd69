/** Measures the whole library in one response. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { MediaItem } from '../src/media/item.ts'
import type { Client } from '../test/harness.ts'
import { type Comparison, type Engine, medianRatio, summarize } from './comparison.ts'
import { findEngines } from './engines.ts'
import { keepLibrary } from './library.ts'
import { pingDuring } from './pinger.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { ITEMS, ROUNDS } from './sizes.ts'
import { type Taken, watchServer } from './watch-server.ts'

/**
 * Rows for which the bare work is measured. A string of all rows would be longer than JavaScript allows.
 */
const SAMPLE = Math.min(ITEMS, 50_000)
const SLICE = 500

interface Drained {
  /** Milliseconds to the first byte and to the last. */
  first: number
  all: number
  bytes: number
}

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) yield* compareEngine(engine)
}

async function* compareEngine(engine: Engine): AsyncGenerator<Comparison> {
  const library = await keepLibrary(engine, ITEMS)
  const server = await serveLibrary(library)
  const watch = await watchServer(server.pid, library.settings.VITRINE_DATABASE_URL)
  try {
    const client = await signInTo(server)
    const slices = await readSlices(client)
    const drain = () => drainProcess(`${server.url}/media`, client.cookie)
    await drain()
    serialise(slices)

    const drained: Drained[] = []
    const limits: number[] = []
    const taken: Taken[] = []
    const p99: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      limits.push(serialise(slices))
      const done = await watch.during(drain)
      drained.push(done.result)
      taken.push(done.taken)
      const offsets = shuffled(ITEMS - 50, 10_000, round + 1)
      let turn = 0
      const next = () => `/media?limit=50&offset=${offsets[turn++ % offsets.length]}`
      const { url } = server
      p99.push((await pingDuring({ url, headers: { cookie: client.cookie }, next }, drain)).p99)
    }
    const speeds = drained.map(({ bytes, all }) => bytes / 1e6 / (all / 1000))
    const isSqlite = engine === 'SQLite'
    const what = `all ${ITEMS.toLocaleString('en')} items`
    yield {
      what: `${what}: until the first byte`,
      engine,
      measured: summarize(
        drained.map(({ first }) => first),
        'ms',
      ),
      ...(isSqlite && { target: { of: 'measured', most: 50 } }),
    }
    yield {
      what: `${what}: speed`,
      engine,
      measured: summarize(speeds, 'MB/s'),
      limit: { ...summarize(limits, 'MB/s'), by: 'JSON.stringify' },
      ratio: medianRatio(speeds, limits),
      processor: summarize(
        taken.map(({ processor }) => processor),
        'ms',
      ).median,
      ...(isSqlite && { target: { of: 'ratio', least: 0.6 } }),
    }
    yield {
      what: `${what}: memory more than before`,
      engine,
      measured: summarize(
        taken.map(({ memory, memoryBefore }) => memory - memoryBefore),
        'MB',
      ),
      memory: Math.max(...taken.map(({ memory }) => memory)),
      ...(isSqlite && { target: { of: 'measured', most: 64 } }),
    }
    yield {
      what: `${what}: 99th percentile of lists meanwhile`,
      engine,
      measured: summarize(p99, 'ms'),
      ...(isSqlite && { target: { of: 'measured', most: 50 } }),
    }
  } finally {
    await watch.close()
    await server.stop()
  }
}

async function drainProcess(url: string, cookie: string): Promise<Drained> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'drain-process.ts'), url, cookie],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error('The whole library did not come.')
  return JSON.parse(output)
}

/** Items as the server serialises them, in slices of the same length. */
async function readSlices(client: Client): Promise<MediaItem[][]> {
  const { media } = (await client.list(`?limit=${SAMPLE}`)).body
  return Array.from({ length: Math.ceil(media.length / SLICE) }, (_, index) =>
    media.slice(index * SLICE, (index + 1) * SLICE),
  )
}

/** @returns MB a second */
function serialise(slices: readonly MediaItem[][]): number {
  let bytes = 0
  const start = performance.now()
  for (const items of slices) bytes += Buffer.byteLength(JSON.stringify(items))
  return bytes / 1e6 / ((performance.now() - start) / 1000)
}
