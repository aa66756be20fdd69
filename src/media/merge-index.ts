import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { isPostgres } from '../database/engine.ts'
import type { Pace } from '../database/pace.ts'
import type { Queries } from '../database/tables.ts'

/*
 * Each transaction that changes SQLite's search index adds a segment to it, and FTS5 merges segments now
 * and then: within whatever transaction makes 64 pages full, some hundreds of pages at a stretch, and
 * everything of a level at once where many segments came quickly. Long work does without that, and merges
 * between its batches, a little each time: https://sqlite.org/fts5.html#the_merge_command
 */

/** FTS5's own default: so many segments of a level are merged into one. */
const AUTOMERGE = 4
/** Pages written by one step of merging: some 10 ms. */
const PAGES_AT_ONCE = 48
/** What a batch adds is merged several times, from level to level, until it is with all the rest. */
const STEPS = 3

/** A database whose transactions leave the merging to `mergeIndex`. */
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

/** Merges what a batch left, in short transactions. */
export async function mergeIndex({ database, pause }: Pick<Pace, 'database' | 'pause'>) {
  if (isPostgres(database.read)) return
  for (let step = 0; step < STEPS; step++) {
    const isDone = await database.write(async (trx) => {
      const before = await countChanges(trx)
      await sql`INSERT INTO media_search (media_search, rank) VALUES ('merge', ${sql.lit(PAGES_AT_ONCE)})`.execute(
        trx,
      )
      // As FTS5's documentation tells whether there was anything to merge.
      return (await countChanges(trx)) - before < 2
    })
    await pause()
    if (isDone) return
  }
}

async function countChanges(trx: Queries): Promise<number> {
  const { rows } = await sql<{ changes: number }>`SELECT total_changes() AS changes`.execute(trx)
  return rows[0]?.changes ?? 0
}
