import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'

/**
 * The positions of the row of `media` in its collections, for `OrderedState.positions`. Collections that are being
 * deleted have no order any more.
 */
export function positionsOf(db: Queries): RawBuilder<string | null> {
  const positions = isPostgres(db)
    ? sql`json_agg(json_build_array(member.collection_id, member.position) ORDER BY member.collection_id)::text`
    : sql`json_group_array(json_array(member.collection_id, member.position) ORDER BY member.collection_id)`
  return sql`CASE WHEN media.collections <> '[]' THEN (
    SELECT ${positions} FROM collection_items AS member
    JOIN collections ON collections.id = member.collection_id AND collections.deleted = 0
    WHERE member.media_id = media.id
  ) END`
}
