import { sql } from 'kysely'
import type { Database } from '../src/database/database.ts'
import { countVersion } from '../src/media/library.ts'
import type { Client } from '../test/harness.ts'
import type { Measured, MeasureWork } from './comparison.ts'
import { tagNames } from './fill-photos.ts'

const CLIENTS = 4

/**
 * Measures the cost of each kind of request over a few hundred requests. Lists and searches follow a
 * change, so that none is answered from the cache.
 *
 * @param items number of items in the library
 * @param added ids of items that have images
 */
export async function measureRequests(
  figures: Measured,
  database: Database,
  client: Client,
  items: number,
  added: readonly number[],
  measureWork: MeasureWork,
) {
  const ask = (method: string, path: () => string, json?: unknown, expected = 200) =>
    async function send(headers: Record<string, string> = {}) {
      const answer = await client.request(method, path(), { json, headers })
      if (answer.status !== expected) throw new Error(`${path()} was answered ${answer.status}.`)
      return answer
    }
  const search = (text: string) => `/media?limit=50&search=${encodeURIComponent(text)}`
  const [rare = '', common = ''] = [tagNames[1500], tagNames[0]]
  let turn = 0
  const image = () => `/media/image/${added[turn++ % added.length]}`
  const edit = () => `/media/edit/${1 + (turn++ % items)}`
  const edited = { name: 'Été à la plage 2024', tags: [tagNames[3], tagNames[700]] }
  const login = { username: 'admin', password: 'a password for tests' }

  const kinds = {
    'list page of 50': [400, ask('GET', () => '/media?limit=50')],
    'list page of 50 in the middle': [400, ask('GET', () => `/media?limit=50&offset=${items / 2}`)],
    'rare search': [200, ask('GET', () => search(rare))],
    'common search': [200, ask('GET', () => search(common))],
    'scaled by id': [600, ask('GET', image)],
    'sign-in': [60, ask('POST', () => '/auth/login', login)],
    edit: [300, ask('POST', edit, edited)],
    'whole library': [4, ask('GET', () => '/media')],
  } as const
  for (const [what, [count, send]] of Object.entries(kinds)) {
    const first = await send()
    const hits = first.headers.get('x-total-count')
    if (what.endsWith('search')) figures[`${what}: hits`] = Number(hits)
    const isList = /list|search/.test(what)
    await measureWork(what, count, () =>
      repeat(count, async () => {
        if (isList) await database.write(countVersion)
        await send()
      }),
    )
  }
  const { headers } = await ask('GET', () => '/media?limit=50')()
  const known = { 'if-none-match': headers.get('etag') ?? '' }
  const unchanged = ask('GET', () => '/media?limit=50', undefined, 304)
  await measureWork('list page, unchanged (304)', 600, () => repeat(600, () => unchanged(known)))
}

/**
 * Measures the same page in a library of a billion and of a hundred billion items, as far as its offset
 * must be resolved. The table of counts gets as many large blocks of ids as such libraries have, all but
 * the first of them empty.
 */
export async function measureRanks(database: Database, client: Client, measureWork: MeasureWork) {
  let blocks = 1
  for (const [items, count] of [
    ['a billion', 10],
    ['a hundred billion', 4],
  ] as const) {
    const all = items === 'a billion' ? 954 : 95_368
    await database.write((trx) =>
      sql`
        WITH RECURSIVE blocks(block) AS (
          SELECT ${sql.lit(blocks)} UNION ALL SELECT block + 1 FROM blocks WHERE block < ${sql.lit(all - 1)}
        )
        INSERT INTO media_counts (level, block, count) SELECT 20, block, 0 FROM blocks`.execute(
        trx,
      ),
    )
    blocks = all
    await measureWork(`list page of 50, blocks of ${items}`, count * 10, () =>
      repeat(count * 10, async () => {
        await database.write(countVersion)
        const { status } = await client.list('?limit=50')
        if (status !== 200) throw new Error(`A list was answered with ${status}.`)
      }),
    )
  }
  await database.write((trx) =>
    trx.deleteFrom('media_counts').where('level', '=', 20).where('count', '=', 0).execute(),
  )
}

/** Runs several at a time, as a server does. */
async function repeat(count: number, send: () => Promise<unknown>) {
  let left = count
  const work = async () => {
    while (left-- > 0) await send()
  }
  await Promise.all(Array.from({ length: CLIENTS }, work))
}
