/**
 * Times orders without a server: building them, pages, ranges, and what one more item costs.
 *
 *     node bench/orders.ts sqlite|postgres [file or URL of a scratch database]
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Database } from '../src/database/database.ts'
import { openDatabase } from '../src/database/open.ts'
import { insertItems } from '../src/media/change/insert-many.ts'
import { countVersion } from '../src/media/library.ts'
import { readVersion } from '../src/media/library-state.ts'
import { numberKey } from '../src/media/order/keys.ts'
import { ORDERS } from '../src/media/order/lists.ts'
import { readOrderPage, readRange } from '../src/media/order/order-pages.ts'
import { REBUILT, rebuildOrder } from '../src/media/order/rebuild.ts'
import { createDatabase } from '../test/postgres.ts'
import { ITEMS } from './sizes.ts'

const [engine = 'sqlite', given] = process.argv.slice(2)
const database = await openDatabase(
  engine === 'postgres'
    ? given
      ? { url: given, connections: 8 }
      : await createDatabase(String(process.pid))
    : (given ?? join(mkdtempSync(join(tmpdir(), 'vitrine-orders-')), 'vitrine.db')),
)

await fill(database)
const start = performance.now()
for (const part of REBUILT) {
  const begin = performance.now()
  await database.write((trx) => rebuildOrder(trx, part))
  print(`build ${part}`, performance.now() - begin)
}
print('build all', performance.now() - start)
print('peak memory, MB', process.resourceUsage().maxRSS / 1024)
if (engine === 'postgres') await sql`VACUUM ANALYZE`.execute(database.read).catch(() => {})

const { rows: sizes } = await sql<{ list: number; blocks: number; bytes: number }>`
  SELECT list, count(*) AS blocks, sum(length(ids) + length(keys)) AS bytes FROM order_blocks
  GROUP BY list ORDER BY list`.execute(database.read)
for (const { list, blocks, bytes } of sizes) {
  console.log(`list ${list}: ${blocks} blocks, ${(Number(bytes) / ITEMS).toFixed(2)} bytes an item`)
}

const { run } = database
const { version } = await readVersion(database.read)
for (const [name, order] of Object.entries(ORDERS)) {
  for (const offset of [0, 0.5 * ITEMS, 0.9 * ITEMS]) {
    const page = { descending: false, offset: Math.floor(offset), limit: 50 }
    await time(`page of ${name} at ${offset}`, async () => {
      const ids = await readOrderPage(run, version, order, false, page)
      if (ids?.length !== 50) throw new Error('The page is not full.')
    })
  }
}
for (const [from, to] of [
  [2e6, 8e6],
  [2e6, 2.01e6],
  [0, 1e9],
]) {
  await time(`sizes ${from} to ${to}`, () =>
    readRange(run, version, ORDERS.size, false, numberKey(from ?? 0), numberKey(to ?? 0)),
  )
}
await time('an item more', (round) =>
  database.write(async (trx) => {
    await countVersion(trx)
    await insertItems(trx, [itemOf(ITEMS + 1 + round)])
  }),
)
await database.close()

function itemOf(id: number) {
  const mixed = Math.imul(id, 0x9e3779b1) >>> 0
  const name = [
    `IMG_${mixed % 100_000}`,
    `Sunset harbor ${mixed % 9999}`,
    `${mixed.toString(36)} view`,
  ][mixed % 3]
  const day = new Date(1.4e12 + (mixed % 300_000_000) * 1000).toISOString().slice(0, 19)
  return {
    id,
    file_id: 1 + (mixed % 50_000),
    name: name ?? '',
    tags: '[]',
    added_at: 1.7e12 + id * 1000,
    changed_at: 1.7e12 + id * 1000,
    taken_at: mixed % 5 === 0 ? null : day,
    trashed_at: null,
  }
}

/** Items and files without what else is derived from them. */
async function fill({ write, read }: Database) {
  const known = await read.selectFrom('media').select('id').limit(1).executeTakeFirst()
  if (known) return
  const begin = performance.now()
  const files = Array.from({ length: 50_000 }, (_, index) => {
    const mixed = Math.imul(index, 0x85ebca6b) >>> 0
    const shown = {
      thumbhash: 'x',
      color: '#000000',
      scaled_digest: `s${index}`,
      high_digest: `h${index}`,
    }
    return {
      id: index + 1,
      sha256: String(index),
      key: `k${index}`,
      type: 'image/jpeg',
      size: 20_000 + (mixed % 12_000_000),
      width: 800 + (mixed % 40) * 100,
      height: 600 + (mixed % 30) * 100,
      frames: 1,
      ...shown,
    }
  })
  for (let from = 0; from < files.length; from += 1000) {
    const some = files.slice(from, from + 1000)
    await write((trx) => trx.insertInto('files').values(some).execute())
  }
  for (let from = 1; from <= ITEMS; from += 2000) {
    const some = Array.from({ length: Math.min(2000, ITEMS - from + 1) }, (_, index) =>
      itemOf(from + index),
    )
    await write((trx) => trx.insertInto('media').values(some).execute())
  }
  print('fill', performance.now() - begin)
}

async function time(what: string, work: (round: number) => Promise<unknown>, rounds = 60) {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begin = performance.now()
    await work(round)
    times.push(performance.now() - begin)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(share * times.length)] ?? 0).toFixed(2)
  console.log(`${what}: ${at(0.5)} ms, p95 ${at(0.95)}`)
}

function print(what: string, figure: number) {
  console.log(`${what}: ${figure.toFixed(0)}`)
}
