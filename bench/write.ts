/** Measures edits and deletes in a large library against a minimal durable change. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Comparison, percentile, summarize } from './comparison.ts'
import { withCopy } from './copied-library.ts'
import { createPhotoNames } from './fill-photos.ts'
import { openSequential, type TimedRequest } from './sequential.ts'
import { serveLibrary, signInTo } from './servers.ts'
import { shuffled } from './shuffled.ts'
import { IS_FULL, ITEMS, ROUNDS } from './sizes.ts'
import { watchServer } from './watch-server.ts'

const TIMES = IS_FULL ? 100 : 20

export async function* compare(): AsyncGenerator<Comparison> {
  yield* withCopy(ITEMS, compareIn)
}

async function* compareIn(data: string): AsyncGenerator<Comparison> {
  const ids = shuffled(ITEMS, 2 * TIMES * (ROUNDS + 1), 1).map((place) => place + 1)
  const deleted = ids.splice(0, TIMES * (ROUNDS + 1))
  putObjects(data, deleted)
  const server = await serveLibrary({ data, settings: {} })
  const watch = await watchServer(server.pid)
  const { cookie } = await signInTo(server)
  const connection = await openSequential(server.url, { cookie })
  const bare = openBareCommits(join(data, 'bare.db'))
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
        most: 6,
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
        for (let time = 0; time < TIMES; time++) bareTimes.push(bare.time())
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
        engine: 'SQLite',
        measured,
        limit: { ...limit, by: 'bare durable commit' },
        ratio: measured.median / limit.median,
        target: { of: 'ratio', most },
        processor: summarize(processor, 'ms').median,
        memory,
      }
    }
  } finally {
    connection.close()
    bare.close()
    await watch.close()
    await server.stop()
  }
}

/** The library has rows without objects. Only the items to be deleted get objects. */
function putObjects(data: string, ids: readonly number[]): void {
  const database = new DatabaseSync(join(data, 'vitrine.db'))
  const keysOf = database.prepare(
    `SELECT files.key FROM media JOIN files ON files.id = file_id WHERE media.id = :id
     UNION ALL
     SELECT variants.key FROM media JOIN variants USING (file_id) WHERE media.id = :id`,
  )
  for (const id of ids) {
    for (const { key } of keysOf.all({ id })) {
      const path = join(data, 'files', String(key))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, Buffer.alloc(8000))
    }
  }
  database.close()
}

/** The minimal durable change: one row in a table of its own, at synchronous = FULL. */
function openBareCommits(path: string) {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE bare (id INTEGER PRIMARY KEY, name TEXT)')
  const [begin, insert, commit] = [
    'BEGIN IMMEDIATE',
    'INSERT INTO bare (name) VALUES (?)',
    'COMMIT',
  ].map((statement) => database.prepare(statement))
  return {
    /** @returns milliseconds */
    time(): number {
      const start = performance.now()
      begin?.run()
      insert?.run('A photograph')
      commit?.run()
      return performance.now() - start
    },
    close: () => database.close(),
  }
}
