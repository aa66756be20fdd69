import type { Queries, VariantName } from '../database/tables.ts'

/** A derived image that storage holds. */
export interface StoredVariant {
  key: string
  /** hex */
  sha256: string
  /** bytes */
  size: number
}

/** A file that an item shows, with the variant asked for unless it is yet to be made. */
export interface Shown {
  fileId: number
  variant: StoredVariant | undefined
}

export async function findVariant(
  db: Queries,
  fileId: number,
  name: VariantName,
): Promise<StoredVariant | undefined> {
  return db
    .selectFrom('variants')
    .select(['key', 'sha256', 'size'])
    .where('file_id', '=', fileId)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** What a media item shows; undefined if there is no such item. */
export async function findVariantOfMedia(
  db: Queries,
  mediaId: number,
  name: VariantName,
): Promise<Shown | undefined> {
  const row = await db
    .selectFrom('media')
    .leftJoin('variants', (join) =>
      join.onRef('variants.file_id', '=', 'media.file_id').on('variants.name', '=', name),
    )
    .select(['media.file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where('media.id', '=', mediaId)
    .executeTakeFirst()
  return row && toShown(row)
}

/** What a public digest names; undefined if it names nothing (any more). */
export async function findVariantByDigest(
  db: Queries,
  digest: string,
  name: VariantName,
): Promise<Shown | undefined> {
  const row = await db
    .selectFrom('files')
    .leftJoin('variants', (join) =>
      join.onRef('variants.file_id', '=', 'files.id').on('variants.name', '=', name),
    )
    .select(['files.id as file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where(name === 'scaled' ? 'files.scaled_digest' : 'files.high_digest', '=', digest)
    .executeTakeFirst()
  return row && toShown(row)
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

interface Row {
  file_id: number
  key: string | null
  sha256: string | null
  size: number | null
}

function toShown({ file_id, key, sha256, size }: Row): Shown {
  const made = key !== null && sha256 !== null && size !== null
  return { fileId: file_id, variant: made ? { key, sha256, size } : undefined }
}
