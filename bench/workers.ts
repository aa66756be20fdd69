/** Measures lists from two worker processes on one port against lists from one process. */
import { measureBeside } from './beside.ts'
import type { Comparison } from './comparison.ts'
import { keepLibrary } from './library.ts'
import { load } from './load.ts'
import { type Served, serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { ITEMS, SECONDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const PAGE = 50
/** More than one round requests, so that no page is requested twice. */
const MOST_PATHS = 40_000

export async function* compare(): AsyncGenerator<Comparison> {
  const engine = 'SQLite'
  const library = await keepLibrary(engine, ITEMS)
  const serve = (workers: number) =>
    serveLibrary({
      ...library,
      settings: { ...library.settings, VITRINE_WORKERS: String(workers) },
    })
  const [one, two] = [await serve(1), await serve(2)]
  const { cookie } = await signInTo(one)
  const watch = await watchServer(two.pid)
  const ask = (server: Served, offsets: readonly number[]) => {
    const paths = offsets.map((offset) => `/media?limit=${PAGE}&offset=${offset}`)
    return load(server.url, { paths, headers: { cookie }, seconds: SECONDS })
  }
  let seed = 0
  const kinds = {
    [`list, random page of ${PAGE} anywhere`]: () => shuffled(ITEMS - PAGE, MOST_PATHS, ++seed),
    'the same page again, nothing changed': () => [ITEMS >> 1],
  }
  try {
    for (const [what, offsets] of Object.entries(kinds)) {
      yield {
        what: `${what}: two processes`,
        engine,
        ...(await measureBeside(watch, 'one process', {
          work: () => ask(two, offsets()),
          limit: () => ask(one, offsets()),
        })),
      }
    }
  } finally {
    await watch.close()
    await Promise.all([one.stop(), two.stop()])
  }
}
