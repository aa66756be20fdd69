/**
 * Measures the cost of an item, a request, an image and a write on both engines, as a basis for
 * docs/scale.md.
 */
import { join } from 'node:path'
import { sql } from 'kysely'
import { openDatabase } from '../src/database/open.ts'
import { makeDataFolder, signIn, startServer } from '../test/harness.ts'
import { createDatabase, findPostgres, teardown } from '../test/postgres.ts'
import type { Figures, Measured } from './comparison.ts'
import { startStatementCounter } from './count-statements.ts'
import { measureSizes } from './database-sizes.ts'
import { fillPhotos, tagNames } from './fill-photos.ts'
import { measureLockTimes } from './lock-times.ts'
import { measureRechecks } from './lossy-search.ts'
import { makePhoto } from './make-photo.ts'
import { type ProcessorTime, watchProcessorTime } from './processor-time.ts'
import { measureImages } from './scale-images.ts'
import { measureRanks, measureRequests } from './scale-requests.ts'
import { readLogPosition, sumLog } from './write-ahead-log.ts'

const ITEMS = 20_000
/** Sizes are measured here first, to see whether they grow in proportion. */
const FIRST_ITEMS = 5_000
const PHOTOS = 4

/** Collects the figures of a run. */

export async function* measure(): AsyncGenerator<Figures> {
  yield await measureEngine(makeDataFolder())
  if (!(await findPostgres())) {
    console.error('\nThere is no PostgreSQL server: ITS HALF OF THIS BENCHMARK IS LEFT OUT.\n')
    return
  }
  try {
    const data = makeDataFolder()
    const { url } = await createDatabase(data)
    yield await measureEngine(data, url)
  } finally {
    await teardown()
  }
}

async function measureEngine(data: string, url?: string): Promise<Figures> {
  const figures: Measured = { engine: url ? 'PostgreSQL' : 'SQLite' }
  console.log(`${figures.engine}: making a library of ${ITEMS.toLocaleString('en')} items…`)
  await fill(figures, data, url)
  const counter = url ? await startStatementCounter(url) : undefined
  const server = await startServer(counter ? { VITRINE_DATABASE_URL: counter.url } : {}, data)
  const watch = await watchProcessorTime(server.process.pid ?? 0, url)
  try {
    const client = await signIn(server)
    const photos = await Promise.all(Array.from({ length: PHOTOS }, (_, seed) => makePhoto(seed)))
    const measureWork = async (what: string, count: number, work: () => Promise<void>) => {
      console.log(what)
      const before = counter?.count() ?? 0
      const time = await watch.during(work)
      noteTime(figures, what, time, count)
      if (counter) figures[`${what}: statements`] = round((counter.count() - before) / count)
    }
    const added = await measureImages(figures, client, photos, measureWork)
    const database = await open(data, url)
    await measureRequests(figures, database, client, ITEMS, added, measureWork)
    await measureRanks(database, client, measureWork)
    await database.close()
  } finally {
    await server.stop()
    await watch.close()
    counter?.close()
  }
  await measureLocks(figures, data, url)
  if (url) Object.assign(figures, await measureRechecks(url, tagNames[0] ?? ''))
  return figures
}

async function fill(figures: Measured, data: string, url?: string) {
  const database = await open(data, url)
  for (const [index, items] of [FIRST_ITEMS, ITEMS - FIRST_ITEMS].entries()) {
    await fillPhotos(database, items, { seed: index + 1 })
    const all = index === 0 ? FIRST_ITEMS : ITEMS
    let sum = 0
    for (const [part, bytes] of await measureSizes(database.read)) {
      if (index > 0) figures[`bytes an item: ${part}`] = Math.round(bytes / all)
      sum += bytes
    }
    figures[`bytes an item: all, at ${all}`] = Math.round(sum / all)
  }
  // The server's autovacuum does this too, after a while.
  if (url) await sql`VACUUM ANALYZE`.execute(database.read)
  await database.close()
}

const open = (data: string, url?: string) =>
  openDatabase(url ? { url, connections: 8 } : join(data, 'vitrine.db'))

async function measureLocks(figures: Measured, data: string, url?: string) {
  console.log('write transactions')
  const environment = { VITRINE_DATA: data, ...(url && { VITRINE_DATABASE_URL: url }) }
  const positions: string[] = []
  const { edits, adds } = await measureLockTimes(environment, async () => {
    if (url) positions.push(await readLogPosition(url))
  })
  for (const [what, times] of Object.entries({ edit: edits, add: adds })) {
    const sorted = times.toSorted((a, b) => a - b)
    const at = (share: number) => round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0, 2)
    figures[`lock held by an ${what}, median (ms)`] = at(0.5)
    const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length
    figures[`lock held by an ${what}, mean (ms)`] = round(mean, 2)
    const twentieths = Array.from({ length: 21 }, (_, index) => at(index / 20))
    figures[`lock held by an ${what}, each twentieth (ms)`] = twentieths.join(' ')
  }
  const [before, after] = positions
  if (url && before && after) {
    const log = await sumLog(url, before, after)
    figures['write-ahead log of an add (bytes)'] = Math.round(log.bytes / adds.length)
    figures['of these, of the search index'] = Math.round(log.index / adds.length)
  }
}

function noteTime(figures: Measured, what: string, time: ProcessorTime, count: number) {
  figures[`${what}: server (ms)`] = round(time.server / count)
  if (figures.engine === 'PostgreSQL') {
    figures[`${what}: database (ms)`] = round(time.database / count)
  }
}

const round = (value: number, digits = 1) => Number(value.toFixed(digits))
