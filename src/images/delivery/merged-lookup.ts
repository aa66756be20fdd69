import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import type { VariantName } from '../../database/tables.ts'

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

/** @returns the file of a merged item that has this digest; undefined if there is none whose addresses still work */
export async function findMergedFile(
  database: Database,
  digest: string,
  name: VariantName,
): Promise<number | undefined> {
  const [row] = await database.run(findFile[name], digest)
  return row?.file_id
}

/** @returns the present digest of the item that a deleted file's digest leads to; undefined if it leads nowhere */
export async function findMovedDigest(
  database: Database,
  digest: string,
  name: VariantName,
): Promise<string | undefined> {
  const [row] = await database.run(findMoved[name], digest)
  return row?.digest
}

/** The end of each chain that begins with these ids, if it is not in the trash. */
const chainFrom = (first: ReturnType<typeof sql>) => sql`
  WITH RECURSIVE chain (id) AS (
    SELECT id FROM (${first}) AS beginning
    UNION
    SELECT merged_into FROM chain JOIN media ON media.id = chain.id WHERE merged_into IS NOT NULL
  ), ends (id, file_id) AS (
    SELECT media.id, media.file_id FROM chain JOIN media ON media.id = chain.id
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

const prepareFile = (column: 'scaled_digest' | 'high_digest') =>
  prepare((db, digest: Parameter<string>) =>
    sql<{ file_id: number }>`
      ${chainFrom(sql`
        SELECT media.merged_into AS id FROM files JOIN media ON media.file_id = files.id
        WHERE files.${sql.ref(column)} = ${digest} AND media.merged_into IS NOT NULL
        UNION ALL
        SELECT media.merged_into FROM files
        JOIN versions ON versions.file_id = files.id JOIN media ON media.id = versions.media_id
        WHERE files.${sql.ref(column)} = ${digest} AND media.merged_into IS NOT NULL`)}
      SELECT files.id AS file_id FROM files
      WHERE files.${sql.ref(column)} = ${digest} AND EXISTS (SELECT 1 FROM ends)`.compile(db),
  )

const findFile = { scaled: prepareFile('scaled_digest'), high: prepareFile('high_digest') }

const prepareMoved = (column: 'scaled_digest' | 'high_digest') =>
  prepare((db, digest: Parameter<string>) =>
    sql<{ digest: string }>`
      ${chainFrom(sql`SELECT media_id AS id FROM moved_addresses WHERE address = ${digest}`)}
      SELECT files.${sql.ref(column)} AS digest
      FROM ends JOIN files ON files.id = ends.file_id`.compile(db),
  )

const findMoved = { scaled: prepareMoved('scaled_digest'), high: prepareMoved('high_digest') }
