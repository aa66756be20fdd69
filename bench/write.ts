/**
 * Measures edits and deletes in a large library against a minimal durable change, and the statements of an
 * add and an edit against those without facets and orders.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { openDatabase } from '../src/database/open.ts'
import { compareStatements } from './change-statements.ts'
import { type Comparison, percentile, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import { findEngines } from './engines.ts'
import { createPhotoNames } from './fill-photos.ts'
import type { KeptLibrary } from './library.ts'
import { openSequential, type TimedRequest } from './sequential.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const TIMES = IS_FULL ? 100 : 20

export async function* compare(): AsyncGenerator<Comparison> {
  for (const engine of await findEngines()) {
    yield* withCopy(engine, ITEMS, async function* (library) {
      yield* compareStatements(library)
      yield* compareRequests(library)
    })
  }
}

async function* compareRequests(library: KeptLibrary): AsyncGenerator<Comparison> {
  const { engine, settings } = library
  const ids = shuffled(ITEMS, 2 * TIMES * (ROUNDS + 1), 1).map((place) => place + 1)
  const deleted = ids.splice(0, TIMES * (ROUNDS + 1))
  await putObjects(library, deleted)
  const server = await serveLibrary(library)
  const watch = await watchServer(server.pid, settings.VITRINE_DATABASE_URL)
  const { cookie } = await signInTo(server)
  const connection = await openSequential(server.url, { cookie })
  const bare = await openBareCommits(library)
  try {
    const next = createPhotoNames(7)
    const kinds: Record<string, { most: number; request: () => TimedRequest }> = {
      edit: {
        most: 3,
        request: () => ({
          method: 'POST',
          path: `/media/edit/${ids.pop()}`,
          body: JSON.stringify(next()),
        }),
      },
      delete: {
        most: 8,
        request: () => ({ method: 'DELETE', path: `/media/delete/${deleted.pop()}` }),
      },
    }
    for (const [what, { most, request }] of Object.entries(kinds)) {
      const medians: number[] = []
      const limits: number[] = []
      const processor: number[] = []
      let memory = 0
      for (let round = 0; round <= ROUNDS; round++) {
        const times: number[] = []
        const bareTimes: number[] = []
        const work = async () => {
          for (let time = 0; time < TIMES; time++) times.push(await connection.time(request()))
        }
        for (let time = 0; time < TIMES; time++) bareTimes.push(await bare.time())
        const { taken } = await watch.during(work)
        // The first round is warm-up.
        if (round === 0) continue
        medians.push(percentile(times, 0.5))
        limits.push(percentile(bareTimes, 0.5))
        processor.push(taken.processor / TIMES)
        memory = Math.max(memory, taken.memory)
      }
      const [measured, limit] = [summarize(medians, 'ms'), summarize(limits, 'ms')]
      yield {
        what: `${what} in ${ITEMS.toLocaleString('en')} items`,
        engine,
        measured,
        limit: { ...limit, by: 'bare durable commit' },
        ratio: measured.median / limit.median,
        ...(engine === 'SQLite' && { target: { of: 'ratio', most } }),
        processor: summarize(processor, 'ms').median,
        memory,
      }
    }
  } finally {
    connection.close()
    await bare.close()
    await watch.close()
    await server.stop()
  }
}

/** The library has rows without objects. Only the items to be deleted get objects. */
async function putObjects({ data, location }: KeptLibrary, ids: readonly number[]): Promise<void> {
  const database = await openDatabase(location)
  const own = database.read.selectFrom('media').where('media.id', 'in', ids)
  const keys = await own
    .innerJoin('files', 'files.id', 'file_id')
    .select('files.key')
    .unionAll(own.innerJoin('variants', 'variants.file_id', 'media.file_id').select('variants.key'))
    .execute()
  for (const { key } of keys) {
    const path = join(data, 'files', key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.alloc(8000))
  }
  await database.close()
}

/** The minimal durable change: one row in a table of its own. `time` resolves with milliseconds. */
async function openBareCommits({ engine, data, location }: KeptLibrary) {
  const create = 'CREATE TABLE bare (id INTEGER PRIMARY KEY, name TEXT)'
  let next = 0
  const timeOf = async (commit: () => unknown) => {
    const start = performance.now()
    await commit()
    return performance.now() - start
  }
  if (engine === 'PostgreSQL') {
    const connectionString = typeof location === 'string' ? location : location.url
    const client = new pg.Client({ connectionString })
    await client.connect()
    await client.query(create)
    const insert = () => ({
      name: 'bare',
      text: 'INSERT INTO bare (id, name) VALUES ($1, $2)',
      values: [++next, 'A photograph'],
    })
    return { time: () => timeOf(() => client.query(insert())), close: () => client.end() }
  }
  const database = new DatabaseSync(join(data, 'bare.db'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(create)
  const insert = database.prepare('INSERT INTO bare (id, name) VALUES (?, ?)')
  return {
    time: () => timeOf(() => insert.run(++next, 'A photograph')),
    close: async () => database.close(),
  }
}
