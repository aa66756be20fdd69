import type { Milliseconds, Queries } from '../../database/tables.ts'
import { Type } from '../../http/schema.ts'

/** Members that an item has only while it is in the trash. */
export const TrashMembers = {
  trashedAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'Only in the trash: since when (UTC)' }),
  ),
  trashedBy: Type.Optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'Only in the trash: username; null for the command line',
    }),
  ),
}

/** The columns that `toTrashMembers` needs. */
export const TRASH_COLUMNS = ['media.trashed_at', 'media.trashed_by'] as const

/** The members that `toItem` lacks, of an item in the trash. None for any other item. */
export const toTrashMembers = ({
  trashed_at,
  trashed_by,
}: {
  trashed_at: Milliseconds | null
  trashed_by: string | null
}): { trashedAt?: string; trashedBy?: string | null } =>
  trashed_at === null
    ? {}
    : { trashedAt: new Date(trashed_at).toISOString(), trashedBy: trashed_by }

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
