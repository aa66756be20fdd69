/** Measures how long other requests take while many items are changed, in a large library. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../test/harness.ts'
import { type Comparison, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import { findEngines } from './engines.ts'
import { tagNames } from './fill-photos.ts'
import type { KeptLibrary } from './library.ts'
import { pingDuring } from './pinger.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { ITEMS, readCount } from './sizes.ts'

/** How many items each work changes. Those that are deleted have no objects. */
const TAGGED = Math.floor(ITEMS / 20)
const COLLECTED = Math.floor(ITEMS / 2)
const TRASHED = Math.floor(ITEMS / 10)
const DELETED = Math.floor(ITEMS / 100)
const PAGE = 50
/** Longer than a batch takes. */
const STOPPED_MS = 2000
/** A work that takes longer is stopped, and measured up to there. */
const MOST_SECONDS = readCount('VITRINE_BENCH_BULK_SECONDS', 3600)

interface Work {
  /** "tagging"; the words after the number of items */
  what: readonly [string, string?]
  path: string
  /** The body of the request. */
  ask(client: Client): Promise<object> | object
}

const WORKS: readonly Work[] = [
  {
    what: ['tagging'],
    path: '/media/bulk/tags',
    ask: () => ({ search: '', until: TAGGED, add: 'benchmark' }),
  },
  {
    what: ['untagging'],
    path: '/media/bulk/tags',
    ask: () => ({ search: 'benchmark', until: ITEMS, remove: 'benchmark' }),
  },
  {
    // The second most used.
    what: ['renaming a tag of'],
    path: '/media/tags/rename',
    ask: () => ({ from: tagNames[1], to: 'Renamed' }),
  },
  {
    what: ['putting', 'into a collection'],
    path: '/media/bulk/collections',
    ask: async (client) => ({ search: '', until: COLLECTED, add: [await addCollection(client)] }),
  },
  {
    what: ['deleting'],
    path: '/media/bulk/delete',
    ask: () => ({ search: '', until: DELETED }),
  },
  {
    what: ['moving', 'to the trash'],
    path: '/media/bulk/trash',
    ask: () => ({ search: '', until: DELETED + TRASHED }),
  },
]

export async function* compare(): AsyncGenerator<Comparison> {
  const chosen = new RegExp(process.env.VITRINE_BENCH_BULK ?? '')
  const works = WORKS.filter(({ what }) => chosen.test(what[0]))
  for (const engine of await findEngines()) {
    yield* withCopy(engine, ITEMS, (library) => compareIn(library, works))
  }
}

async function* compareIn(
  library: KeptLibrary,
  works: readonly Work[],
): AsyncGenerator<Comparison> {
  const { engine, location } = library
  if (typeof location === 'string') mergeWhole(location)
  const server = await serveLibrary(library)
  try {
    const client = await signInTo(server)
    for (const { what, path, ask } of works) {
      const body = await ask(client)
      const offsets = shuffled(ITEMS / 2, 100_000, 3)
      let turn = 0
      const next = () => `/media?limit=${PAGE}&offset=${offsets[turn++ % offsets.length]}`
      const { cookie } = client
      const { result, p50, p99, most } = await pingDuring(
        { url: server.url, headers: { cookie }, next },
        () => work(server.url, cookie, path, body),
      )
      const { total, done, seconds } = result
      const [verb, object] = what
      const named = [verb, total.toLocaleString('en'), ...(object ? [object] : [])].join(' ')
      const whole = `${named}, of ${ITEMS.toLocaleString('en')}`
      yield {
        what: whole,
        engine,
        measured: summarize([done / seconds], '/s'),
        ...(done < total && { note: `the first ${done.toLocaleString('en')}` }),
      }
      yield { what: `${whole}: lists meanwhile, median`, engine, measured: summarize([p50], 'ms') }
      yield {
        what: `${whole}: 99th percentile of lists meanwhile`,
        engine,
        measured: summarize([p99], 'ms'),
        target: { of: 'measured', most: 50 },
      }
      yield {
        what: `${whole}: longest wait of a list meanwhile`,
        engine,
        measured: summarize([most], 'ms'),
        target: { of: 'measured', most: 250 },
      }
    }
  } finally {
    await server.stop()
  }
}

/**
 * A library that was filled at once has its search index in a few large segments on the level of the newest
 * ones. No library whose items arrived one by one is like that.
 */
function mergeWhole(path: string): void {
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO media_search (media_search) VALUES ('optimize')`)
  database.close()
}

async function addCollection(client: Client): Promise<number> {
  const { bytes } = await client.post('/collections', { name: 'Benchmark' })
  return JSON.parse(bytes.toString()).collection.id
}

/** @returns how many items there were to change, and how many were changed in this time */
async function work(
  url: string,
  cookie: string,
  path: string,
  body: object,
): Promise<{ total: number; done: number; seconds: number }> {
  const start = performance.now()
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  let total = 0
  let done = 0
  let rest = ''
  for await (const text of (answer.body ?? new ReadableStream()).pipeThrough(
    new TextDecoderStream(),
  )) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const told = JSON.parse(line)
      if (told.failures > 0 || (told.code ?? 200) !== 200) {
        throw new Error(`${path} ended with ${line.slice(0, 300)}`)
      }
      total = told.total ?? total
      done = told.done
    }
    if (performance.now() - start > MOST_SECONDS * 1000) break
  }
  const seconds = (performance.now() - start) / 1000
  // The end of the loop cancels the request, and the server stops after the running batch.
  if (done < total) await sleep(STOPPED_MS)
  return { total, done, seconds }
}
