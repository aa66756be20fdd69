import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'

/*
 * An item that was merged into another one leads there by its id, and keeps its immutable addresses, as long as it is
 * not restored and the other item is not in the trash. That other item may be merged too: the chain is followed to its
 * end. See `media/trash/moved-addresses.ts` for items that are deleted for good.
 */

/** @returns the id of the item that an id leads to; undefined if it leads nowhere */
export async function findMergedInto(
  database: Database,
  mediaId: number,
): Promise<number | undefined> {
  const [row] = await database.run(findById, mediaId, String(mediaId))
  return row?.id
}

/** What the images of an item or of a version are made from. */
export interface SourceRow {
  file_id: number
  type: string
  width: number
  height: number
  frames: number
  thumbhash: string
  focus: string | null
}

/** @returns the source of a merged item that has this key, at present or in a version; undefined if there is none */
export async function findMergedSource(
  database: Database,
  key: string,
): Promise<SourceRow | undefined> {
  const [row] = await database.run(findSource, key)
  return row
}

/**
 * @returns the present key of what a deleted item's key leads to, or a merged item's digest from an earlier version of
 *   the program; undefined if it leads nowhere
 */
export async function findMovedKey(
  database: Database,
  earlier: string,
): Promise<string | undefined> {
  const [moved] = await database.run(findMoved, earlier)
  if (moved) return moved.key
  const [merged] = await database.run(findEarlierOfMerged, earlier)
  return merged?.key
}

/** The end of each chain that begins with these ids, if it is not in the trash. */
const chainFrom = (first: ReturnType<typeof sql>) => sql`
  WITH RECURSIVE chain (id) AS (
    SELECT id FROM (${first}) AS beginning
    UNION
    SELECT merged_into FROM chain JOIN media ON media.id = chain.id WHERE merged_into IS NOT NULL
  ), ends (id, file_id, focus_key) AS (
    SELECT media.id, media.file_id, media.focus_key FROM chain JOIN media ON media.id = chain.id
    WHERE trashed_at IS NULL
  )`

const findById = prepare((db, id: Parameter<number>, address: Parameter<string>) =>
  sql<{ id: number }>`
    ${chainFrom(sql`
      SELECT merged_into AS id FROM media WHERE id = ${id} AND merged_into IS NOT NULL
      UNION ALL
      SELECT media_id FROM moved_addresses WHERE address = ${address}`)}
    SELECT id FROM ends`.compile(db),
)

/** Merged items, and versions of merged items, with the file and the key of each. */
const MERGED = sql`
  SELECT merged_into AS id, file_id, focus, focus_key FROM media WHERE merged_into IS NOT NULL
  UNION ALL
  SELECT media.merged_into, versions.file_id, versions.focus, versions.focus_key
  FROM versions JOIN media ON media.id = versions.media_id WHERE media.merged_into IS NOT NULL`

const findSource = prepare((db, key: Parameter<string>) => {
  const held = sql`
    SELECT merged.id, files.id AS file_id, merged.focus FROM files
    JOIN (${MERGED}) AS merged ON merged.file_id = files.id
    WHERE files.scaled_digest = ${key} AND merged.focus_key IS NULL
    UNION ALL
    SELECT id, file_id, focus FROM (${MERGED}) AS merged WHERE focus_key = ${key}`
  return sql<SourceRow>`
    ${chainFrom(sql`SELECT id FROM (${held}) AS held`)}
    SELECT files.id AS file_id, type, width, height, frames, thumbhash, held.focus
    FROM (${held}) AS held JOIN files ON files.id = held.file_id
    WHERE EXISTS (SELECT 1 FROM ends) LIMIT 1`.compile(db)
})

/** The key of an heir, to which a deleted item's key leads. */
const findMoved = prepare((db, earlier: Parameter<string>) =>
  sql<{ key: string }>`
    ${chainFrom(sql`SELECT media_id AS id FROM moved_addresses WHERE address = ${earlier}`)}
    SELECT coalesce(ends.focus_key, files.scaled_digest) AS key
    FROM ends JOIN files ON files.id = ends.file_id LIMIT 1`.compile(db),
)

/** The own key of a merged item by a key that it had before, or by a digest from an earlier version of the program. */
const findEarlierOfMerged = prepare((db, earlier: Parameter<string>) => {
  const held = sql`
    SELECT merged.id, merged.file_id, merged.focus_key FROM (${MERGED}) AS merged
    WHERE merged.file_id IN (
      SELECT id FROM files WHERE scaled_digest = ${earlier} OR high_digest = ${earlier}
      UNION SELECT file_id FROM earlier_addresses WHERE scaled_digest = ${earlier}
      UNION SELECT file_id FROM earlier_addresses WHERE high_digest = ${earlier}
      UNION SELECT file_id FROM earlier_keys WHERE key = ${earlier})`
  return sql<{ key: string }>`
    ${chainFrom(sql`SELECT id FROM (${held}) AS held`)}
    SELECT coalesce(held.focus_key, files.scaled_digest) AS key
    FROM (${held}) AS held JOIN files ON files.id = held.file_id
    WHERE EXISTS (SELECT 1 FROM ends) LIMIT 1`.compile(db)
})
