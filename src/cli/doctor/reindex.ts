import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import { countVersion } from '../../media/library.ts'
import { indexMedia, unindexMedia } from '../../media/search.ts'
import { parseTags } from '../../media/tags.ts'

/** Items per transaction, so that a server beside is never held up for long. */
const BATCH = 100

/** Makes the index hold for each of these ids what its item says, and nothing if there is none. */
export async function reindexItems(database: Database, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH)
    await database.write(async (trx) => {
      const items = await trx
        .selectFrom('media')
        .select(['id', 'name', 'tags'])
        .where('id', 'in', batch)
        .execute()
      for (const id of batch) await unindexMedia(trx, id)
      for (const { id, name, tags } of items) await indexMedia(trx, id, name, parseTags(tags))
      await countVersion(trx)
    })
  }
}

/** Empties the index and fills it again; until it is done, searches find a part of what there is. */
export async function rebuildIndex(database: Database): Promise<void> {
  await database.write(async (trx) => {
    await (isPostgres(trx)
      ? sql`DELETE FROM media_search`
      : sql`INSERT INTO media_search (media_search) VALUES ('delete-all')`
    ).execute(trx)
  })
  for (let after = 0; ; ) {
    const rows = await database.read
      .selectFrom('media')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute()
    const last = rows.at(-1)
    if (!last) return
    await reindexItems(
      database,
      rows.map(({ id }) => id),
    )
    after = last.id
  }
}
