import { sql } from 'kysely'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'

/*
 * The table `doubles` has a row for each file that several items of the library have. It is updated with the items, so
 * that finding them costs the same in any library.
 */

interface FileOwner {
  /** Undefined if there is no such item in the library. */
  before: number | undefined
  after: number | undefined
}

/**
 * Updates the table after a change of items.
 * @param changes the file that each item had in the library, and the one it has
 */
export async function updateDoubles(trx: Queries, changes: readonly FileOwner[]): Promise<void> {
  const files = new Set<number>()
  for (const { before, after } of changes) {
    if (before === after) continue
    if (before !== undefined) files.add(before)
    if (after !== undefined) files.add(after)
  }
  if (files.size === 0) return
  const list = JSON.stringify([...files].sort((a, b) => a - b))
  await runIn(trx, dropDoubles, list)
  await runIn(trx, countDoubles, list)
}

const dropDoubles = prepare((db, files: Parameter<string>) =>
  db
    .deleteFrom('doubles')
    .where('file_id', 'in', listed<number>(db, 'bigint', files))
    .compile(),
)

const countDoubles = prepare((db, files: Parameter<string>) =>
  sql`INSERT INTO doubles (file_id, count)
    SELECT file_id, count(*) FROM media
    WHERE file_id IN ${listed<number>(db, 'bigint', files)} AND trashed_at IS NULL
    GROUP BY file_id HAVING count(*) > 1`.compile(db),
)

/** Rebuilds the table from the items. */
export async function recountDoubles(trx: Queries): Promise<void> {
  await trx.deleteFrom('doubles').execute()
  await sql`INSERT INTO doubles (file_id, count)
    SELECT file_id, count(*) FROM media WHERE trashed_at IS NULL
    GROUP BY file_id HAVING count(*) > 1`.execute(trx)
}

/** How many files have another row than they should, or one too many or too few. */
export async function countWrongDoubles(db: Queries): Promise<number> {
  const { rows } = await sql<{ wrong: number }>`
    WITH counted AS (
      SELECT file_id, count(*) AS count FROM media WHERE trashed_at IS NULL
      GROUP BY file_id HAVING count(*) > 1
    )
    SELECT count(*) AS wrong FROM counted
    FULL JOIN doubles ON doubles.file_id = counted.file_id
    WHERE counted.count IS DISTINCT FROM doubles.count`.execute(db)
  return Number(rows[0]?.wrong)
}

/** How many items have a file. */
export interface Double {
  file_id: number
  count: number
}

/**
 * The files that several items have, the newest first.
 * @returns `total` is their number without limit and offset
 */
export async function listDoubles(
  db: Queries,
  { limit, offset }: { limit: number; offset: number },
): Promise<{ doubles: Double[]; total: number }> {
  const doubles = await db
    .selectFrom('doubles')
    .select(['file_id', 'count'])
    .orderBy('file_id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
  const { total } = await db
    .selectFrom('doubles')
    .select((row) => row.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  return { doubles, total: Number(total) }
}
