import { sql } from 'kysely'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { MediaItem } from '../item.ts'

/**
 * Reads the items of the library that have some files, ascending by id.
 * @param most how many items of each file, the oldest first
 */
export async function readItemsOf(
  db: Queries,
  files: readonly number[],
  most: number,
): Promise<{ fileId: number; item: MediaItem }[]> {
  const rows = await runIn(db, findItems, JSON.stringify(files), most)
  return rows.map(({ file_id, json }) => ({ fileId: file_id, item: JSON.parse(json) }))
}

const findItems = prepare((db, files: Parameter<string>, most: Parameter<number>) =>
  sql<{ file_id: number; json: string }>`
    SELECT file_id, json FROM (
      SELECT id, file_id, row_number() OVER (PARTITION BY file_id ORDER BY id) AS place
      FROM media
      WHERE file_id IN ${listed<number>(db, 'bigint', files)} AND trashed_at IS NULL
    ) AS items JOIN media_json ON media_json.id = items.id
    WHERE place <= ${most} ORDER BY items.id`.compile(db),
)

/** How many items of the library have each of some files. Files without one are left out. */
export async function countItemsOf(
  db: Queries,
  files: readonly number[],
): Promise<Map<number, number>> {
  const rows = await runIn(db, countItems, JSON.stringify(files))
  return new Map(rows.map(({ file_id, count }) => [file_id, Number(count)]))
}

const countItems = prepare((db, files: Parameter<string>) =>
  db
    .selectFrom('media')
    .select((row) => ['file_id', row.fn.countAll<number>().as('count')])
    .where('file_id', 'in', listed<number>(db, 'bigint', files))
    .where('trashed_at', 'is', null)
    .groupBy('file_id')
    .compile(),
)
