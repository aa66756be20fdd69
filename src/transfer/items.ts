import { type Selectable, sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries, Tables } from '../database/tables.ts'
import { adjustCounts } from '../media/list/rank.ts'
import { countTags, parseTags } from '../media/tags.ts'

/** Items per statement. A file may have more items than a statement may have parameters. */
const REMOVED_AT_ONCE = 1000

export type Item = Selectable<Tables['media']>

/** Reads the items with ids above `after` and up to `last`, in ascending order. */
export const readItems = (
  db: Queries,
  {
    after,
    last = Number.MAX_SAFE_INTEGER,
    limit,
  }: { after: number; last?: number; limit?: number },
): Promise<Item[]> =>
  db
    .selectFrom('media')
    .selectAll()
    .where('id', '>', after)
    .where('id', '<=', last)
    .orderBy('id')
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute()

/** Deletes items, and removes them from the search index and from all counts. */
export async function removeItemRows(trx: Queries, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += REMOVED_AT_ONCE) {
    const some = ids.slice(start, start + REMOVED_AT_ONCE)
    const items = await trx
      .deleteFrom('media')
      .where('id', 'in', some)
      .returning(['id', 'tags'])
      .execute()
    await sql`
      DELETE FROM media_search
      WHERE ${sql.ref(isPostgres(trx) ? 'id' : 'rowid')} IN (${sql.join(some)})`.execute(trx)
    await countTags(
      trx,
      items.flatMap(({ tags }) => parseTags(tags)),
      [],
    )
    await adjustCounts(
      trx,
      items.map(({ id }) => id).sort((a, b) => a - b),
      -1,
    )
  }
}
