import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import { isPostgres } from './engine.ts'

/**
 * How long one transaction may take. On SQLite this process answers no request meanwhile. On PostgreSQL only
 * other writers wait, and in 15 ms the fixed cost of a transaction would leave no time for items.
 */
const LOCK_MS = { sqlite: 15, postgres: 150 }
/** Small, because it is not known yet how long an item takes. */
const FIRST_BATCH = 10
const MAX_BATCH = 500
/** The longest pause, however long the disk took. */
const MAX_PAUSE_MS = 250

/** Decides how many items of long work one transaction takes, by how long the earlier ones took. */
export interface Pace {
  /** The same database, with its writes timed. */
  database: Database
  /** Times work that holds the database in another way than through a write of `database`. */
  hold<T>(work: () => Promise<T>): Promise<T>
  /** How many items the next transaction should take. */
  batch(): number
  /** Call it after each batch. Sets the size of the next one to what `LOCK_MS` allows. */
  adapt(): void
  /** Leaves the database to others for as long as this work has held it since the last pause. */
  pause(): Promise<void>
}

/**
 * Lets long work hold the database for about `LOCK_MS` at a time, and for at most half of the time.
 * @param clock returns milliseconds; given in tests
 */
export function createPace(database: Database, clock = () => performance.now()): Pace {
  const lockMs = isPostgres(database.read) ? LOCK_MS.postgres : LOCK_MS.sqlite
  let size = FIRST_BATCH
  let held = 0
  return {
    database: {
      ...database,
      async write(work) {
        let start: number | undefined
        try {
          return await database.write((trx) => {
            // From here on, others wait.
            start = clock()
            return work(trx)
          })
        } finally {
          if (start !== undefined) held += clock() - start
        }
      },
    },
    async hold(work) {
      const start = clock()
      try {
        return await work()
      } finally {
        held += clock() - start
      }
    },
    batch: () => size,
    adapt() {
      // At most doubled, because the next items may take longer.
      const factor = held > 0 ? Math.min(lockMs / held, 2) : 2
      size = Math.max(1, Math.min(Math.floor(size * factor), MAX_BATCH))
    },
    async pause() {
      const pause = Math.min(held, MAX_PAUSE_MS)
      held = 0
      await sleep(pause)
    },
  }
}

/** Cuts slices into batches. Asks for the size before each batch. */
export async function* inBatches<T>(
  slices: AsyncIterable<readonly T[]> | Iterable<readonly T[]>,
  size: () => number,
): AsyncGenerator<T[]> {
  for await (const slice of slices) {
    for (let start = 0; start < slice.length; ) {
      const batch = slice.slice(start, start + size())
      yield batch
      start += batch.length
    }
  }
}
