import type { Selectable } from 'kysely'
import type { Queries, Tables } from '../database/tables.ts'
import { readStates, updateDerived } from '../media/change/derived.ts'

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

/** Deletes items, and removes them from everything that is derived from them. */
export async function removeItemRows(trx: Queries, ids: readonly number[]): Promise<void> {
  for (let start = 0; start < ids.length; start += REMOVED_AT_ONCE) {
    const some = ids.slice(start, start + REMOVED_AT_ONCE)
    const items = await readStates(trx, some)
    await trx.deleteFrom('versions').where('media_id', 'in', some).execute()
    await trx.deleteFrom('media').where('id', 'in', some).execute()
    await updateDerived(
      trx,
      items.map((before) => ({ before })),
    )
  }
}
