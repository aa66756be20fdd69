import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { createPace } from '../../database/pace.ts'
import type { Library } from '../library.ts'
import { cleanSome } from './clean.ts'

/** How often each process looks for work that another one left. */
const LOOK_MS = 60_000

/** Removes the ids of deleted collections from their items, beside the requests. */
export interface Cleaner {
  /** Looks for work now, and from time to time. */
  start(): void
  /** Call it after a deletion that is not clean. */
  wake(): void
  /** Resolves when no work is running any more. */
  stop(): Promise<void>
}

/**
 * Only one process of a library cleans at a time. It claims a deleted collection in the database before it works on it.
 * When the process ends, another one goes on: each batch is one transaction, and the rows of the collection say which
 * items are left.
 */
export function createCleaner({
  database,
  journal,
  log,
}: Pick<Library, 'database' | 'journal' | 'log'>): Cleaner {
  const closing = new AbortController()
  const { signal } = closing
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isAsked = false

  function wake() {
    isAsked = true
    running ??= run()
      .catch((error) => {
        log.error(
          { err: error },
          'Items could not be taken out of a deleted collection; it is tried again in a minute',
        )
      })
      .finally(() => {
        running = undefined
      })
  }

  async function run() {
    while (isAsked && !signal.aborted) {
      isAsked = false
      for (let id = await claim(); id !== undefined; id = await claim()) {
        await cleanCollection(database, id, signal)
        if (signal.aborted) return release()
      }
    }
  }

  async function claim(): Promise<number | undefined> {
    if (signal.aborted || !(await hasDeleted(database))) return undefined
    const now = await database.now()
    return database.write(async (trx) => {
      const living = trx.selectFrom('owners').select('owners.id').where('lease_until', '>', now)
      const deleted = await trx
        .selectFrom('collections')
        .select(['id', sql<number>`CASE WHEN cleaner IN ${living} THEN 1 ELSE 0 END`.as('claimed')])
        .select('cleaner')
        .where('deleted', '=', 1)
        .orderBy('id')
        .execute()
      if (deleted.some((row) => row.claimed === 1 && row.cleaner !== journal.owner)) {
        return undefined
      }
      const [first] = deleted
      if (!first) return undefined
      await trx
        .updateTable('collections')
        .set({ cleaner: journal.owner })
        .where('id', '=', first.id)
        .execute()
      return first.id
    })
  }

  /** Ends the claim, so that another process need not wait until the lease of this one has expired. */
  async function release() {
    await database.write((trx) =>
      trx
        .updateTable('collections')
        .set({ cleaner: null })
        .where('cleaner', '=', journal.owner)
        .execute(),
    )
  }

  return {
    start() {
      if (database.isReadOnly || signal.aborted) return
      timer = setInterval(wake, LOOK_MS).unref()
      wake()
    },
    wake,
    async stop() {
      closing.abort()
      clearInterval(timer)
      await running
    },
  }
}

/**
 * Removes the ids of all deleted collections from their items, even if another process does that too. For commands,
 * because a server may not run.
 */
export async function cleanAll(database: Database): Promise<void> {
  const deleted = await database.read
    .selectFrom('collections')
    .select('id')
    .where('deleted', '=', 1)
    .orderBy('id')
    .execute()
  for (const { id } of deleted) await cleanCollection(database, id)
}

async function cleanCollection(
  database: Database,
  id: number,
  signal?: AbortSignal,
): Promise<void> {
  const pace = createPace(database)
  while (!signal?.aborted && (await cleanSome(pace.database, id, pace.batch()))) {
    pace.adapt()
    await pace.pause()
  }
}

async function hasDeleted(database: Database): Promise<boolean> {
  const row = await database.read
    .selectFrom('collections')
    .select('id')
    .where('deleted', '=', 1)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
