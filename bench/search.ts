/** Measures single searches of a large library on an otherwise idle server. */
import { type Comparison, type Engine, percentile, summarize } from './comparison.ts'
import { type DirectSearch, openDirectSearch } from './direct-search.ts'
import { findEngines } from './engines.ts'
import { COMMON, keepLibrary, RARE, RARE_HITS } from './library.ts'
import { openSequential } from './sequential.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { touchLibrary } from './touch-library.ts'
import { type Taken, watchServer } from './watch-server.ts'

const PAGE = 50
const COMMON_HITS = ITEMS / 10
/** Size of the small library that is compared with the large one. */
const FEW_ITEMS = 1000
const TIMES = IS_FULL ? 20 : 5

/** Upper limit of p50 in milliseconds. */
const MOST = {
  SQLite: { rare: 3, first: 35, again: 3, deep: 25 },
  PostgreSQL: { rare: 3, first: 100, again: 5, deep: undefined },
}

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    const searcher = await openSearcher(engine, ITEMS)
    try {
      yield* compareRare(engine, searcher)
      yield* compareCommon(engine, searcher)
    } finally {
      await searcher.close()
    }
    yield* compareSizes(engine)
  }
}

async function* compareRare(engine: Engine, searcher: Searcher): AsyncGenerator<Comparison> {
  for (const [what, search] of Object.entries(RARE)) {
    await searcher.requireHits(search, RARE_HITS)
    yield {
      what: `search, ${RARE_HITS} hits: ${what}`,
      engine,
      ...(await searcher.measure({ search, changed: true, times: TIMES })).row,
      target: { of: 'measured', most: MOST[engine].rare },
    }
  }
}

async function* compareCommon(engine: Engine, searcher: Searcher): AsyncGenerator<Comparison> {
  await searcher.requireHits(COMMON, COMMON_HITS)
  const { first, again, deep } = MOST[engine]
  const hits = `${COMMON_HITS.toLocaleString('en')} hits`
  yield {
    what: `search, ${hits}: first page and total, the library having changed`,
    engine,
    ...(await searcher.measure({ search: COMMON, changed: true, times: TIMES })).row,
    target: { of: 'measured', most: first },
  }
  yield {
    what: `search, ${hits}: first page and total, nothing changed`,
    engine,
    ...(await searcher.measure({ search: COMMON, changed: false, times: 10 * TIMES })).row,
    target: { of: 'measured', most: again },
  }
  const half = COMMON_HITS / 2
  const offsets = shuffled(half - PAGE, 10 * TIMES * (ROUNDS + 1), 1).map((place) => half + place)
  yield {
    what: `search, ${hits}: any page of the second half, nothing changed`,
    engine,
    ...(await searcher.measure({ search: COMMON, changed: false, times: 10 * TIMES, offsets })).row,
    ...(deep !== undefined && { target: { of: 'measured', most: deep } }),
  }
}

async function* compareSizes(engine: Engine): AsyncGenerator<Comparison> {
  const search = RARE['3 characters, Latin']
  const medians: number[][] = []
  for (const items of [FEW_ITEMS, ITEMS]) {
    const searcher = await openSearcher(engine, items)
    try {
      const { rounds } = await searcher.measure({ search, changed: true, times: 2 * TIMES })
      medians.push(rounds)
    } finally {
      await searcher.close()
    }
  }
  const [few = [], many = []] = medians
  const [limit, measured] = [summarize(few, 'ms'), summarize(many, 'ms')]
  yield {
    what: `search, ${RARE_HITS} hits, in ${ITEMS.toLocaleString('en')} items against ${FEW_ITEMS.toLocaleString('en')}`,
    engine,
    measured,
    limit: { ...limit, by: `in ${FEW_ITEMS.toLocaleString('en')}` },
    ratio: measured.median / limit.median,
    ...(engine === 'SQLite' && { target: { of: 'ratio', most: 1.3 } }),
  }
}

interface Measured {
  search: string
  /** Whether the library changes before each time. */
  changed: boolean
  /** Searches per round. */
  times: number
  /** Offsets of the pages, used in turn; by default the first page. */
  offsets?: readonly number[]
}

type Searcher = Awaited<ReturnType<typeof openSearcher>>

async function openSearcher(engine: Engine, items: number) {
  const library = await keepLibrary(engine, items)
  const server = await serveLibrary(library)
  const client = await signInTo(server)
  const sequential = await openSequential(server.url, { cookie: client.cookie })
  const direct: DirectSearch = await openDirectSearch(library)
  const watch = await watchServer(server.pid, library.settings.VITRINE_DATABASE_URL)
  const pathOf = (search: string, offset: number) =>
    `/media?limit=${PAGE}&offset=${offset}&search=${encodeURIComponent(search)}`

  return {
    async requireHits(search: string, hits: number) {
      const { headers } = await client.get(pathOf(search, 0))
      const found = Number(headers.get('x-total-count'))
      if (found !== hits) throw new Error(`${search} has ${found} hits instead of ${hits}.`)
    },

    async measure({ search, changed, times, offsets = [0] }: Measured) {
      const rounds: number[] = []
      const limits: number[] = []
      let turn = 0
      const nextOffset = () => offsets[turn++ % offsets.length] ?? 0
      // Warm-up. If nothing changes, the measured searches after it are answered from the cache.
      await sequential.time({ path: pathOf(search, nextOffset()) })
      await direct.time(search, { limit: PAGE, offset: nextOffset() })
      const taken: Taken[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const ours: number[] = []
        const bare: number[] = []
        const ask = async () => {
          for (let time = 0; time < times; time++) {
            if (changed) await touchLibrary(client)
            ours.push(await sequential.time({ path: pathOf(search, nextOffset()) }))
          }
        }
        taken.push((await watch.during(ask)).taken)
        for (let time = 0; time < times; time++) {
          bare.push(await direct.time(search, { limit: PAGE, offset: nextOffset() }))
        }
        rounds.push(percentile(ours, 0.5))
        limits.push(percentile(bare, 0.5))
      }
      const measured = summarize(rounds, 'ms')
      const limit = { ...summarize(limits, 'ms'), by: 'its statements alone' }
      const row = {
        measured,
        limit,
        ratio: measured.median / limit.median,
        // With edits in between, most of the processor time would be theirs.
        ...(!changed && {
          processor: summarize(
            taken.map(({ processor }) => processor / times),
            'ms',
          ).median,
        }),
        memory: Math.max(...taken.map(({ memory }) => memory)),
      }
      return { rounds, row }
    },

    async close() {
      sequential.close()
      await watch.close()
      await direct.close()
      await server.stop()
    },
  }
}
