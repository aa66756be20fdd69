import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { sql } from 'kysely'
import { heard } from '../../base/heard.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Pace } from '../../database/pace.ts'
import type { Queries } from '../../database/tables.ts'

/*
 * Each transaction that changes SQLite's search index adds a segment to it. FTS5 merges segments now and
 * then, within the transaction that happens to fill 64 pages. It merges some hundreds of pages at a time, or
 * a whole level at once if many segments were added quickly. One step takes up to a third of a second in a
 * large library, because FTS5 stops only between two terms. Long-running work therefore turns merging off for
 * its own transactions, and a thread merges between them:
 * https://sqlite.org/fts5.html#the_merge_command
 */

/** FTS5's own default: this many segments of a level are merged into one. */
const AUTOMERGE = 4
/** Most merge steps after each batch. With each step its segment moves up, until it is merged with the rest. */
const STEPS = 3

/** A database whose transactions leave the merging to an `IndexMerger`. */
export const withoutMerging = (database: Database): Database => ({
  ...database,
  write: (work) =>
    database.write(async (trx) => {
      if (isPostgres(trx)) return work(trx)
      await setAutomerge(trx, 0)
      const result = await work(trx)
      // Makes FTS5 write its buffered changes before the setting is restored.
      await sql`SAVEPOINT gathered`.execute(trx)
      await sql`RELEASE gathered`.execute(trx)
      await setAutomerge(trx, AUTOMERGE)
      return result
    }),
})

/** The setting is stored in the database, so a transaction that changes it must set it back. */
const setAutomerge = (trx: Queries, segments: number) =>
  sql`INSERT INTO media_search (media_search, rank) VALUES ('automerge', ${sql.lit(segments)})`.execute(
    trx,
  )

export interface IndexMerger {
  /** Merges the segments that a batch left, in short transactions, with a pause after each. */
  merge(): Promise<void>
  /** Ends the thread. */
  close(): Promise<void>
}

/**
 * Merges the search index on a thread with its own connection, so that this process can serve requests
 * meanwhile. The thread starts with the first merge. On PostgreSQL there is nothing to merge.
 *
 * @param pace lets other writers in between two steps
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

/** @throws the error that ended the thread */
async function ask(thread: Worker | undefined): Promise<boolean> {
  if (!thread || thread.threadId < 0) throw new Error('The merging thread has ended.')
  const answered = once(thread, 'message')
  thread.postMessage('merge')
  const [isDone] = await answered
  return isDone === true
}

async function locate({ read }: Database): Promise<string> {
  const { rows } = await sql<{ file: string }>`
    SELECT file FROM pragma_database_list WHERE name = 'main'`.execute(read)
  const [main] = rows
  if (!main?.file) throw new Error('The database is not in a file.')
  return main.file
}
