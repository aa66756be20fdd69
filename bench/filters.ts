/** Measures filtered and ordered lists of a large library on an otherwise idle server. */
import { openDatabase } from '../src/database/open.ts'
import { createStateReader } from '../src/media/library-state.ts'
import { readListQuery } from '../src/media/list/list-answers.ts'
import { createListReader } from '../src/media/list/list-reader.ts'
import { type Comparison, type Engine, percentile, summarize } from './comparison.ts'
import { findEngines } from './engines.ts'
import { COMMON, type KeptLibrary, keepLibrary } from './library.ts'
import { openSequential } from './sequential.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { touchLibrary } from './touch-library.ts'
import { watchServer } from './watch-server.ts'

const PAGE = 50
const TIMES = IS_FULL ? 20 : 5
const FEW_ITEMS = 1000

interface Case {
  what: string
  /** The query without limit and offset. */
  query: string
  /** Whether the library changes before each time. */
  changed: boolean
  /** Where the page is: its share of all hits. */
  depth: number
  /** Upper limits of p50 in milliseconds. */
  most: Readonly<Record<Engine, number>>
}

const FILTER = { SQLite: 4, PostgreSQL: 10 }
const RANGE = { SQLite: 12, PostgreSQL: 35 }
const ORDER = { SQLite: 1.5, PostgreSQL: 3 }
const ORDERED = { SQLite: 5, PostgreSQL: 15 }

const CASES: readonly Case[] = [
  { what: 'one value, first page', query: 'type=jpeg', changed: true, depth: 0, most: FILTER },
  { what: 'one value, page at 90 %', query: 'type=jpeg', changed: true, depth: 0.9, most: FILTER },
  {
    what: 'four filters, page at 90 %',
    query: 'type=jpeg&orientation=landscape&lacks=alt&color=blue',
    changed: true,
    depth: 0.9,
    most: FILTER,
  },
  {
    what: 'four filters, no hit',
    query: 'type=webp&animated=true&minRating=4&addedBy=bob',
    changed: true,
    depth: 0,
    most: FILTER,
  },
  {
    what: 'a range of sizes and one value',
    query: 'minSize=500000&maxSize=4000000&type=png',
    changed: true,
    depth: 0.5,
    most: RANGE,
  },
  {
    what: 'a range of dates',
    query: 'taken=2019-05..2021',
    changed: true,
    depth: 0.5,
    most: RANGE,
  },
  {
    what: 'order by name, page at 50 %',
    query: 'order=name-asc',
    changed: true,
    depth: 0.5,
    most: ORDER,
  },
  {
    what: 'order by date, page at 90 %',
    query: 'order=taken-desc',
    changed: true,
    depth: 0.9,
    most: ORDER,
  },
  {
    what: 'order by name with a filter of many hits, warm',
    query: 'order=name-asc&orientation=landscape',
    changed: false,
    depth: 0.5,
    most: ORDERED,
  },
  {
    what: 'order by size with a filter of few hits, warm',
    query: 'order=size-desc&type=gif&minRating=5&color=red',
    changed: false,
    depth: 0.5,
    most: ORDERED,
  },
  {
    what: 'a search of many hits with a filter',
    query: `search=${COMMON}&type=jpeg`,
    changed: true,
    depth: 0,
    most: { SQLite: 45, PostgreSQL: 150 },
  },
  {
    what: 'a search of many hits with a filter, nothing changed',
    query: `search=${COMMON}&type=jpeg`,
    changed: false,
    depth: 0.5,
    most: { SQLite: 4, PostgreSQL: 10 },
  },
]

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    const many = await open(engine, ITEMS)
    try {
      for (const { what, most, ...asked } of CASES) {
        const row = await many.measure(asked)
        yield {
          what: `list: ${what}`,
          engine,
          ...row,
          target: { of: 'measured', most: most[engine] },
        }
      }
      yield await compareSizes(engine, many)
    } finally {
      await many.close()
    }
  }
}

type Opened = Awaited<ReturnType<typeof open>>

async function compareSizes(engine: Engine, many: Opened): Promise<Comparison> {
  const asked = { query: 'type=jpeg&lacks=alt', changed: true, depth: 0.5 }
  const { measured } = await many.measure(asked)
  const few = await open(engine, FEW_ITEMS)
  const { measured: limit } = await few.measure(asked).finally(few.close)
  return {
    what: `list: two filters, in ${ITEMS.toLocaleString('en')} items against ${FEW_ITEMS.toLocaleString('en')}`,
    engine,
    measured,
    limit: { ...limit, by: `in ${FEW_ITEMS.toLocaleString('en')}` },
    ratio: measured.median / limit.median,
    target: { of: 'ratio', most: 4 },
  }
}

async function open(engine: Engine, items: number) {
  const library: KeptLibrary = await keepLibrary(engine, items)
  const server = await serveLibrary(library)
  const client = await signInTo(server)
  const sequential = await openSequential(server.url, { cookie: client.cookie })
  const watch = await watchServer(server.pid, library.settings.VITRINE_DATABASE_URL)
  const database = await openDatabase(library.location)
  const readState = createStateReader(database)

  /** Milliseconds of the same list without HTTP and without anything remembered. */
  async function timeDirectly(query: string): Promise<number> {
    const lists = createListReader(database, readState)
    const parsed = readListQuery(Object.fromEntries(new URLSearchParams(query)))
    const start = performance.now()
    await lists.read(parsed, (await readState()).version)
    return performance.now() - start
  }

  return {
    async measure({ query, changed, depth }: Omit<Case, 'what' | 'most'>) {
      const first = await client.get(`/media?limit=${PAGE}&${query}`)
      const total = Number(first.headers.get('x-total-count'))
      const deep = Math.floor(total * depth)
      let turn = 0
      const nextQuery = () => `limit=${PAGE}&offset=${deep + (turn++ % 500)}&${query}`
      const rounds: number[] = []
      const limits: number[] = []
      let memory = 0
      // Warm-up, with the first reading of an order into memory.
      for (let time = 0; time < 3; time++) await sequential.time({ path: `/media?${nextQuery()}` })
      for (let round = 0; round < ROUNDS; round++) {
        const ours: number[] = []
        const bare: number[] = []
        const { taken } = await watch.during(async () => {
          for (let time = 0; time < TIMES; time++) {
            if (changed) await touchLibrary(client)
            ours.push(await sequential.time({ path: `/media?${nextQuery()}` }))
          }
        })
        memory = Math.max(memory, taken.memory)
        for (let time = 0; time < TIMES; time++) bare.push(await timeDirectly(nextQuery()))
        rounds.push(percentile(ours, 0.5))
        limits.push(percentile(bare, 0.5))
      }
      const measured = summarize(rounds, 'ms')
      const limit = { ...summarize(limits, 'ms'), by: 'without HTTP and memory' }
      return {
        measured,
        limit,
        ratio: measured.median / limit.median,
        memory,
        note: `${total.toLocaleString('en')} hits`,
      }
    },

    async close() {
      sequential.close()
      await watch.close()
      await database.close()
      await server.stop()
    },
  }
}
