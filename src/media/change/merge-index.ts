import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { sql } from 'kysely'
import { heard } from '../../base/heard.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Pace } from '../../database/pace.ts'
import type { Queries } from '../../database/tables.ts'

/*
 * Each transaction that changes SQLite's search index adds a segment to it, and FTS5 merges segments now
 * and then: within whatever transaction makes 64 pages full, some hundreds of pages at a stretch, and
 * everything of a level at once where many segments came quickly. One step of merging takes up to a third
 * of a second in a large library, because FTS5 stops only between two terms. So long work turns merging off
 * for its own transactions, and has a thread merge between them:
 * https://sqlite.org/fts5.html#the_merge_command
 */

/** FTS5's own default: so many segments of a level are merged into one. */
const AUTOMERGE = 4
/** What a batch adds is merged several times, from level to level, until it is with all the rest. */
const STEPS = 3

/** A database whose transactions leave the merging to an `IndexMerger`. */
export const withoutMerging = (database: Database): Database => ({
  ...database,
  write: (work) =>
    database.write(async (trx) => {
      if (isPostgres(trx)) return work(trx)
      await setAutomerge(trx, 0)
      const result = await work(trx)
      // Has FTS5 write what it has gathered, before the setting is what it was.
      await sql`SAVEPOINT gathered`.execute(trx)
      await sql`RELEASE gathered`.execute(trx)
      await setAutomerge(trx, AUTOMERGE)
      return result
    }),
})

/** The setting is kept in the database, so a transaction that changes it sets it back. */
const setAutomerge = (trx: Queries, segments: number) =>
  sql`INSERT INTO media_search (media_search, rank) VALUES ('automerge', ${sql.lit(segments)})`.execute(
    trx,
  )

export interface IndexMerger {
  /** Merges what a batch left, in short transactions, with a pause after each. */
  merge(): Promise<void>
  /** Ends the thread. */
  close(): Promise<void>
}

/**
 * Merges the search index on a thread with a connection of its own, so that this process answers meanwhile.
 * The thread starts with the first merge. On PostgreSQL there is nothing to merge.
 *
 * @param pace lets others write between two steps
 */
export function createIndexMerger({ database, hold, pause }: Pace): IndexMerger {
  if (isPostgres(database.read)) return { merge: async () => {}, close: async () => {} }
  let thread: Worker | undefined
  return {
    async merge() {
      thread ??= startThread(await locate(database))
      for (let step = 0; step < STEPS; step++) {
        const isDone = await hold(() => ask(thread))
        await pause()
        if (isDone) return
      }
    },
    async close() {
      if (!thread || thread.threadId < 0) return
      const exit = once(thread, 'exit')
      thread.postMessage('close')
      await exit
    },
  }
}

const startThread = (file: string) =>
  heard(new Worker(new URL('./merge-index-thread.ts', import.meta.url), { workerData: { file } }))

/** @throws whatever the thread fails of, by which it ends */
async function ask(thread: Worker | undefined): Promise<boolean> {
  if (!thread || thread.threadId < 0) throw new Error('The thread that merges has ended.')
  const answered = once(thread, 'message')
  thread.postMessage('merge')
  const [isDone] = await answered
  return isDone === true
}

async function locate({ read }: Database): Promise<string> {
  const { rows } = await sql<{ file: string }>`
    SELECT file FROM pragma_database_list WHERE name = 'main'`.execute(read)
  const [main] = rows
  if (!main?.file) throw new Error('The database is in no file.')
  return main.file
}
