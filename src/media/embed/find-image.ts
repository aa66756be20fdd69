import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import { type Source, toSource } from '../../images/delivery/source-lookup.ts'
import { keyOf } from '../item.ts'

/** What pages that show an item need to know of it. */
export interface ItemImage {
  /** In its immutable addresses. */
  key: string
  source: Source
  alt: string | null
  /** base64 */
  thumbhash: string
}

/** @throws AppError 404 "Media not found", also for an item in the trash: its addresses show nothing */
export async function findImage(database: Database, id: number): Promise<ItemImage> {
  const [row] = await database.run(findRow, id)
  if (!row) throw mediaNotFound(`There is no media item with id ${id}.`)
  const { alt, thumbhash } = row
  return { key: keyOf(row), source: toSource(row), alt, thumbhash }
}

const findRow = prepare((db, id: Parameter<number>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select([
      'media.file_id',
      'media.focus',
      'media.focus_key',
      'media.alt',
      'files.type',
      'files.width',
      'files.height',
      'files.frames',
      'files.thumbhash',
      'files.scaled_digest',
    ])
    .where('media.id', '=', id)
    .where('media.trashed_at', 'is', null)
    .compile(),
)
