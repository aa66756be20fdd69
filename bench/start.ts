/** Measures the time from the start of the process to its first response, on a large library. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Comparison, type Engine, summarize } from './comparison.ts'
import { findEngines } from './engines.ts'
import { keepLibrary } from './library.ts'
import { findTree } from './processor-time.ts'
import { openSequential } from './sequential.ts'
import { type Served, serveBare, serveLibrary, signInTo } from './servers.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { readMemory } from './watch-server.ts'

/** Time for the work that is done only at the start. */
const SETTLED_MS = IS_FULL ? 10_000 : 1000

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) yield* compareIn(engine)
}

async function* compareIn(engine: Engine): AsyncGenerator<Comparison> {
  const library = await keepLibrary(engine, ITEMS)
  // Sessions outlive a server, so one cookie serves all rounds. The first start also fills the compile
  // cache.
  const before = await serveLibrary(library)
  const { cookie } = await signInTo(before)
  await before.stop()

  const times: number[] = []
  const limits: number[] = []
  const memories: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await timeStart(() => serveBare({ headers: {}, body: Buffer.from('bare') }), '/')
    limits.push(bare.time)
    await bare.server.stop()
    const { server, time } = await timeStart(() => serveLibrary(library), '/media?limit=50', cookie)
    times.push(time)
    await sleep(SETTLED_MS)
    memories.push(readMemory(findTree(server.pid)))
    await server.stop()
  }
  const what = `start with ${ITEMS.toLocaleString('en')} items`
  yield {
    what: `${what}: until a list is answered`,
    engine,
    measured: summarize(times, 'ms'),
    limit: { ...summarize(limits, 'ms'), by: 'bare Fastify' },
    ratio: summarize(times, '').median / summarize(limits, '').median,
    ...(engine === 'SQLite' && { target: { of: 'measured', most: 400 } }),
  }
  yield {
    what: `${what}: memory of all processes, idle`,
    engine,
    measured: summarize(memories, 'MB'),
    ...(engine === 'SQLite' && { target: { of: 'measured', most: 110 } }),
  }
}

async function timeStart(start: () => Promise<Served>, path: string, cookie?: string) {
  const begun = performance.now()
  const server = await start()
  const connection = await openSequential(server.url, cookie === undefined ? {} : { cookie })
  await connection.time({ path })
  connection.close()
  return { server, time: performance.now() - begun }
}
