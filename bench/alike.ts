/** Measures lookups of alike and duplicate images in a large library on an otherwise idle server. */
import { openDatabase } from '../src/database/open.ts'
import { type By, createAlikeIndex } from '../src/media/alike/alike-index.ts'
import { type Comparison, type Engine, percentile, summarize } from './comparison.ts'
import { findEngines } from './engines.ts'
import { type KeptLibrary, keepLibrary } from './library.ts'
import { openSequential } from './sequential.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { touchLibrary } from './touch-library.ts'
import { watchServer } from './watch-server.ts'

const TIMES = IS_FULL ? 20 : 5
/** The images that are asked for are this far apart, so that no answer helps the next one. */
const STRIDE = 7919
/** As in the route, which compares with all files and shows some. */
const NEAREST_FILES = 1000

interface Case {
  what: string
  /** A different image at each turn. */
  pathOf: (turn: number) => string
  /** Whether the library changes before each time. */
  changed: boolean
  /** The signatures that a comparison alone looks up. Absent if the request uses none. */
  by?: By
  /** Upper limit of p50 in milliseconds. */
  most: number
}

const idAt = (turn: number) => 1 + ((turn * STRIDE) % ITEMS)

const CASES: readonly Case[] = [
  {
    what: 'alike: by image',
    pathOf: (turn) => `/media/item/${idAt(turn)}/alike?limit=20`,
    changed: false,
    by: 'image',
    most: 20,
  },
  {
    what: 'alike: by colour',
    pathOf: (turn) => `/media/item/${idAt(turn)}/alike?by=color&limit=20`,
    changed: false,
    by: 'color',
    most: 20,
  },
  {
    what: 'duplicates: near, nothing changed',
    pathOf: () => '/media/duplicates?kind=near&limit=20',
    changed: false,
    most: 20,
  },
  {
    what: 'duplicates: near, after a change of another item',
    pathOf: () => '/media/duplicates?kind=near&limit=20',
    changed: true,
    most: 20,
  },
  {
    what: 'duplicates: of the same file',
    pathOf: () => '/media/duplicates?limit=20',
    changed: true,
    most: 20,
  },
]

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    const library = await open(engine)
    try {
      for (const asked of CASES) {
        const row = await library.measure(asked)
        yield { what: asked.what, engine, ...row, target: { of: 'measured', most: asked.most } }
      }
    } finally {
      await library.close()
    }
  }
}

async function open(engine: Engine) {
  const library: KeptLibrary = await keepLibrary(engine, ITEMS)
  const server = await serveLibrary(library)
  const client = await signInTo(server)
  const sequential = await openSequential(server.url, { cookie: client.cookie })
  const watch = await watchServer(server.pid, library.settings.VITRINE_DATABASE_URL)
  const database = await openDatabase(library.location)
  const index = createAlikeIndex(database)

  /** Milliseconds of the same comparison without HTTP and without reading items. */
  async function timeDirectly(by: By, turn: number): Promise<number> {
    const { files, count } = await index.read()
    const fileId = files[idAt(turn) % count] ?? 0
    const start = performance.now()
    await index.findNear(fileId, by, NEAREST_FILES)
    return performance.now() - start
  }

  return {
    async measure({ pathOf, changed, by }: Case) {
      let turn = 0
      const rounds: number[] = []
      const limits: number[] = []
      let memory = 0
      // Warm-up: the first request reads all signatures, and finds all groups.
      await sequential.time({ path: pathOf(turn++) })
      for (let round = 0; round < ROUNDS; round++) {
        const ours: number[] = []
        const bare: number[] = []
        const { taken } = await watch.during(async () => {
          for (let time = 0; time < TIMES; time++) {
            if (changed) await touchLibrary(client)
            ours.push(await sequential.time({ path: pathOf(turn++) }))
          }
        })
        memory = Math.max(memory, taken.memory)
        rounds.push(percentile(ours, 0.5))
        if (!by) continue
        for (let time = 0; time < TIMES; time++) bare.push(await timeDirectly(by, turn++))
        limits.push(percentile(bare, 0.5))
      }
      const measured = summarize(rounds, 'ms')
      if (limits.length === 0) return { measured, memory }
      const limit = { ...summarize(limits, 'ms'), by: 'the signatures alone' }
      return { measured, limit, ratio: measured.median / limit.median, memory }
    },

    async close() {
      sequential.close()
      await watch.close()
      await database.close()
      await server.stop()
    },
  }
}
