import type { ExpressionBuilder } from 'kysely'
import type { Tables } from '../../database/tables.ts'

/**
 * Whether a file of the outer query is for the public: an item that is not in the trash shows it, or keeps it as an
 * earlier version.
 */
export const isShown = ({ exists, or, selectFrom }: ExpressionBuilder<Tables, 'files'>) =>
  or([
    exists(
      selectFrom('media')
        .select('media.id')
        .whereRef('media.file_id', '=', 'files.id')
        .where('media.trashed_at', 'is', null),
    ),
    exists(
      selectFrom('versions')
        .innerJoin('media', 'media.id', 'versions.media_id')
        .select('media.id')
        .whereRef('versions.file_id', '=', 'files.id')
        .where('media.trashed_at', 'is', null),
    ),
  ])
