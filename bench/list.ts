/** Measures pages of a large library without a search, at any offset. */
import { measureBeside } from './beside.ts'
import { type Comparison, type Engine, summarize } from './comparison.ts'
import { findEngines } from './engines.ts'
import { keepLibrary } from './library.ts'
import { load } from './load.ts'
import { openSequential } from './sequential.ts'
import { serveBare, serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { ITEMS, ROUNDS, SECONDS } from './sizes.ts'
import { touchLibrary } from './touch-library.ts'
import { watchServer } from './watch-server.ts'

const PAGE = 50
const BARE = 'bare Fastify'
/** More than one round requests, so that no page is requested twice. */
const MOST_PATHS = 40_000
/** Size of the small library that is compared with the large one. */
const FEW_ITEMS = 1000

/** Lists per second, measured elsewhere on this kind of machine, at 100,000 items, with 16 connections. */
const PEERS = {
  Directus: { rate: 11, least: 200 },
  Strapi: { rate: 9, least: 200 },
  Payload: { rate: 65, least: 40 },
}

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    yield* comparePages(engine)
    yield* compareSizes(engine)
  }
}

const pathOf = (offset: number, order = 'added-desc') =>
  `/media?limit=${PAGE}&offset=${offset}&order=${order}`

async function* comparePages(engine: Engine): AsyncGenerator<Comparison> {
  const library = await keepLibrary(engine, ITEMS)
  const server = await serveLibrary(library)
  const client = await signInTo(server)
  const headers = { cookie: client.cookie }
  const middle = [pathOf(ITEMS >> 1)]
  const answer = await client.get(middle.join())
  const etag = answer.headers.get('etag') ?? ''
  const type = 'application/json; charset=utf-8'
  const bare = await serveBare({ headers: { 'content-type': type }, body: answer.bytes })
  const unchanged = { etag, 'cache-control': 'private, no-cache' }
  const bareUnchanged = await serveBare({
    status: 304,
    headers: unchanged,
    body: new Uint8Array(),
  })
  const watch = await watchServer(server.pid, library.settings.VITRINE_DATABASE_URL)
  const seconds = SECONDS
  const ask = (paths: readonly string[], also = {}) =>
    load(server.url, { paths, headers: { ...headers, ...also }, seconds })
  let seed = 0
  const anywhere = () => shuffled(ITEMS - PAGE, MOST_PATHS, ++seed).map((offset) => pathOf(offset))

  const bareList = () => load(bare.url, { paths: ['/'], headers, seconds })

  try {
    const random = await measureBeside(watch, BARE, {
      work: () => ask(anywhere()),
      limit: bareList,
    })
    const least = engine === 'SQLite' ? 0.25 : 0.1
    const what = `list, random page of ${PAGE} anywhere`
    yield { what, engine, ...random, target: { of: 'ratio', least } }
    if (engine === 'SQLite') {
      for (const [peer, { rate, least }] of Object.entries(PEERS)) {
        yield {
          what: `the same against ${peer} at 100,000 items`,
          engine,
          measured: random.measured,
          limit: { ...summarize([rate], '/s'), by: `${peer}, measured elsewhere` },
          ratio: random.measured.median / rate,
          target: { of: 'ratio', least },
        }
      }
    }
    yield {
      what: 'the same page again, nothing changed',
      engine,
      ...(await measureBeside(watch, BARE, { work: () => ask(middle), limit: bareList })),
      ...(engine === 'SQLite' && { target: { of: 'ratio', least: 0.7 } }),
    }
    yield {
      what: 'the same with its ETag: 304',
      engine,
      ...(await measureBeside(watch, `${BARE}, 304`, {
        work: () => ask(middle, { 'if-none-match': etag }),
        limit: () => load(bareUnchanged.url, { paths: ['/'], headers, seconds }),
      })),
      ...(engine === 'SQLite' && { target: { of: 'ratio', least: 0.8 } }),
    }
    const stretch = Math.floor(ITEMS / 20)
    for (const order of ['added-desc', 'added-asc']) {
      const at = (first: number) => async () => {
        const offsets = shuffled(stretch, MOST_PATHS, ++seed)
        return ask(offsets.map((offset) => pathOf(first + offset, order)))
      }
      const compared = await measureBeside(watch, 'at 0', {
        work: at(Math.floor(ITEMS * 0.9)),
        limit: at(0),
      })
      yield {
        what: `page at offset ${(ITEMS * 0.9).toLocaleString('en')} against one at 0, ${order}`,
        engine,
        ...compared,
        measured: inverse(compared.measured),
        limit: { ...inverse(compared.limit), by: 'at 0' },
        ratio: 1 / compared.ratio,
        target: { of: 'ratio', most: 1.5 },
      }
    }
  } finally {
    await watch.close()
    await Promise.all([server.stop(), bare.stop(), bareUnchanged.stop()])
  }
}

/** Converts responses per second to milliseconds per response. */
const inverse = ({ median, least, most }: Comparison['measured']): Comparison['measured'] => ({
  median: 1000 / median,
  least: 1000 / most,
  most: 1000 / least,
  unit: 'ms',
})

/**
 * The library changes before each round, and each page is requested once. Otherwise a small library would
 * be answered from the cache.
 */
async function* compareSizes(engine: Engine): AsyncGenerator<Comparison> {
  const times: Record<number, number[]> = {}
  for (const items of [FEW_ITEMS, ITEMS]) {
    const library = await keepLibrary(engine, items)
    const server = await serveLibrary(library)
    const client = await signInTo(server)
    const { cookie } = client
    const sequential = await openSequential(server.url, { cookie })
    try {
      const medians: number[] = []
      for (let round = 0; round <= ROUNDS; round++) {
        await touchLibrary(client)
        const offsets = shuffled(items - PAGE, FEW_ITEMS - PAGE, round + 1)
        const round_: number[] = []
        for (const offset of offsets) round_.push(await sequential.time({ path: pathOf(offset) }))
        // The first round is warm-up.
        if (round > 0) medians.push(summarize(round_, 'ms').median)
      }
      times[items] = medians
    } finally {
      sequential.close()
      await server.stop()
    }
  }
  const measured = summarize(times[ITEMS] ?? [], 'ms')
  const limit = summarize(times[FEW_ITEMS] ?? [], 'ms')
  yield {
    what: `page of ${PAGE} in ${ITEMS.toLocaleString('en')} items against ${FEW_ITEMS.toLocaleString('en')}`,
    engine,
    measured,
    limit: { ...limit, by: `in ${FEW_ITEMS.toLocaleString('en')}` },
    ratio: measured.median / limit.median,
    ...(engine === 'SQLite' && { target: { of: 'ratio', most: 1.3 } }),
  }
}
