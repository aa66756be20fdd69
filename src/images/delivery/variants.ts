import type { Queries, VariantName } from '../../database/tables.ts'

/** A derived image that storage holds. */
export interface StoredVariant {
  key: string
  /** hex */
  sha256: string
  /** bytes */
  size: number
}

/** A file that an item shows, with the variant asked for unless it is yet to be made, perhaps anew. */
export interface Shown {
  fileId: number
  variant: StoredVariant | undefined
}

export async function findVariant(
  db: Queries,
  fileId: number,
  name: VariantName,
): Promise<(StoredVariant & { recipe: number }) | undefined> {
  return db
    .selectFrom('variants')
    .select(['key', 'sha256', 'size', 'recipe'])
    .where('file_id', '=', fileId)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** The original behind a media item, and the item's name. */
export async function findOriginal(db: Queries, mediaId: number) {
  return db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(['media.name', 'files.key', 'files.sha256', 'files.size', 'files.type'])
    .where('media.id', '=', mediaId)
    .executeTakeFirst()
}
