import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { isPostgres } from '../database/engine.ts'
import { createPace, inBatches } from '../database/pace.ts'
import { isLive, readStates } from '../media/change/derived.ts'
import { createIndexMerger, withoutMerging } from '../media/change/merge-index.ts'
import { countVersion } from '../media/library.ts'
import { insertEntries, unindexItems } from '../media/list/search.ts'
import { parseTags } from '../media/tags.ts'

/** Ids read at a time. */
const SLICE = 1000

/**
 * Indexes the items of these ids again, and removes ids without an item from the index. The transactions are
 * short, so that a server on the same library is not held up.
 *
 * @param slices batches of ids
 */
export async function reindexItems(
  database: Database,
  slices: AsyncIterable<readonly number[]> | Iterable<readonly number[]>,
): Promise<void> {
  const pace = createPace(database)
  const { write } = withoutMerging(pace.database)
  const merger = createIndexMerger(pace)
  try {
    for await (const ids of inBatches(slices, pace.batch)) {
      await write(async (trx) => {
        const items = (await readStates(trx, ids)).filter(isLive)
        await unindexItems(trx, ids)
        await countVersion(trx)
        await insertEntries(
          trx,
          items.map(({ tags, ...item }) => ({ ...item, tags: parseTags(tags) })),
        )
      })
      pace.adapt()
      await pace.pause()
      await merger.merge()
    }
  } finally {
    await merger.close()
  }
}

/** Empties the index and fills it again. Until this is done, searches find only a part of the items. */
export async function rebuildIndex(database: Database): Promise<void> {
  await database.write(async (trx) => {
    await (isPostgres(trx)
      ? sql`DELETE FROM media_search`
      : sql`INSERT INTO media_search (media_search) VALUES ('delete-all')`
    ).execute(trx)
  })
  await reindexItems(database, readIds(database))
}

async function* readIds({ read }: Database): AsyncGenerator<number[]> {
  for (let after = 0; ; ) {
    const rows = await read
      .selectFrom('media')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(SLICE)
      .execute()
    const last = rows.at(-1)
    if (!last) return
    yield rows.map(({ id }) => id)
    after = last.id
  }
}
