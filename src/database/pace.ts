import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './database.ts'
import { isPostgres } from './engine.ts'

/**
 * So long one transaction may take. On SQLite it keeps this process from answering; on PostgreSQL only other
 * writers wait, and what a transaction costs without any item would leave no time for items.
 */
const LOCK_MS = { sqlite: 15, postgres: 150 }
/** Small, since nobody knows yet how long it takes. */
const FIRST_BATCH = 10
const MAX_BATCH = 500
/** No longer than this, however long the disk took. */
const MAX_PAUSE_MS = 250

/** How much of a long work is done in one transaction, by how long those before it took. */
export interface Pace {
  /** The same database, its writes timed. */
  database: Database
  /** Times work that holds the database otherwise than by a write of `database`. */
  hold<T>(work: () => Promise<T>): Promise<T>
  /** How many items the next transaction is to work on. */
  batch(): number
  /** Says that a batch of `batch()` is done: the size of the next one is what `LOCK_MS` allows. */
  adapt(): void
  /** Leaves the database to others for as long as it was held since the last pause. */
  pause(): Promise<void>
}

/**
 * Has long work hold the database for `LOCK_MS` at a time, and half of the time at most.
 * @param clock milliseconds, for tests
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
            // From here on others wait.
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
      // At most twice as many, since the next ones may take longer.
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

/** Cuts slices into batches of the size that is wanted at that moment. */
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
