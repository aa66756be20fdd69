/** Measures how long other requests take while many items are changed, in a large library. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Comparison, type Engine, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import { pingDuring } from './pinger.ts'
import { type Served, serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS } from './sizes.ts'

/** The number of items that are tagged, and of those that are deleted. The deleted ones have no objects. */
const TAGGED = Math.min(50_000, Math.floor(ITEMS / 2))
const DELETED = IS_FULL ? 10_000 : Math.floor(ITEMS / 50)
const PAGE = 50

export async function* compare(): AsyncGenerator<Comparison> {
  yield* withCopy(ITEMS, compareIn)
}

async function* compareIn(data: string): AsyncGenerator<Comparison> {
  mergeWhole(join(data, 'vitrine.db'))
  const server = await serveLibrary({ data, settings: {} })
  try {
    const { cookie } = await signInTo(server)
    const works = [
      { path: 'tags', count: TAGGED, body: { search: '', until: TAGGED, add: 'benchmark' } },
      {
        path: 'tags',
        count: TAGGED,
        body: { search: 'benchmark', until: ITEMS, remove: 'benchmark' },
      },
      { path: 'delete', count: DELETED, body: { search: '', until: DELETED } },
    ]
    for (const { path, count, body } of works) {
      const offsets = shuffled(ITEMS - TAGGED, 100_000, 3)
      const next = () => `/media?limit=${PAGE}&offset=${offsets.pop() ?? 0}`
      const headers = { cookie }
      const start = performance.now()
      const { p50, p99, most } = await pingDuring({ url: server.url, headers, next }, () =>
        work(server, cookie, `/media/bulk/${path}`, body, count),
      )
      const rate = count / ((performance.now() - start) / 1000)
      const verb = 'remove' in body ? 'untagging' : path === 'tags' ? 'tagging' : 'deleting'
      const what = `${verb} ${count.toLocaleString('en')} of ${ITEMS.toLocaleString('en')}`
      const engine: Engine = 'SQLite'
      yield { what, engine, measured: summarize([rate], '/s') }
      yield { what: `${what}: lists meanwhile, median`, engine, measured: summarize([p50], 'ms') }
      yield {
        what: `${what}: 99th percentile of lists meanwhile`,
        engine,
        measured: summarize([p99], 'ms'),
        target: { of: 'measured', most: 50 },
      }
      yield {
        what: `${what}: longest wait of a list meanwhile`,
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

async function work(
  { url }: Served,
  cookie: string,
  path: string,
  body: object,
  count: number,
): Promise<void> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const last = (await answer.text()).trimEnd().split('\n').at(-1) ?? ''
  const { code, done } = JSON.parse(last)
  if (code !== 200 || done !== count) throw new Error(`${path} ended with ${last.slice(0, 300)}`)
}
