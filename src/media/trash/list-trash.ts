import type { Milliseconds, Queries } from '../../database/tables.ts'

/** Items in the trash, the latest first. */
export const listTrash = (db: Queries, limit: number) =>
  db
    .selectFrom('media')
    .select(['id', 'name', 'trashed_at', 'trashed_by', 'merged_into'])
    .where('trashed_at', 'is not', null)
    .orderBy('trashed_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()

/** How many items are in the trash, or were moved there before a time. */
export async function countInTrash(db: Queries, before?: Milliseconds): Promise<number> {
  const { count } = await db
    .selectFrom('media')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('trashed_at', 'is not', null)
    .$if(before !== undefined, (items) => items.where('trashed_at', '<', before ?? 0))
    .executeTakeFirstOrThrow()
  return Number(count)
}
