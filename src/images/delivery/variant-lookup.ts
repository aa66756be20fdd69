import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import type { Queries, VariantName } from '../../database/tables.ts'
import { isShown } from './is-shown.ts'

/** About 30,000 entries: more than a page of a large website shows. */
const MAX_BYTES = 16 * 1024 * 1024
/** Approximate size of a `Shown`: numbers, a key and a hash. */
const SHOWN_BYTES = 250

/** Finds the file and variant of an address; undefined if the address names nothing (any more). */
export interface VariantLookup {
  ofMedia(mediaId: number, name: VariantName): Promise<Shown | undefined>
  byDigest(digest: string, name: VariantName): Promise<Shown | undefined>
  /** The current digest of a variant that had this digest under an earlier recipe. */
  presentDigest(earlier: string, name: VariantName): Promise<string | undefined>
  /** The remembered result, without a query; undefined if it is not known. */
  recallOfMedia(mediaId: number, name: VariantName): Shown | undefined
  recallByDigest(digest: string, name: VariantName): Shown | undefined
}

/**
 * Remembers results until anything changes in the database. So an image that any process deleted is
 * unknown at once. Where the database cannot tell whether it has changed, each lookup is a query by
 * primary key.
 */
export function createVariantLookup(database: Database): VariantLookup {
  const memo = createMemo<Shown>(database, MAX_BYTES, () => SHOWN_BYTES)

  const find = (place: string, read: () => Promise<Row[]>): Promise<Shown | undefined> =>
    memo.read(place, async () => {
      const [row] = await read()
      return row && toShown(row)
    })

  const placeOfMedia = (id: number, name: VariantName) => `${id} ${name}`
  const placeByDigest = (digest: string, name: VariantName) => `${digest}/${name}`

  return {
    ofMedia: (id, name) => find(placeOfMedia(id, name), () => database.run(findOfMedia, id, name)),
    byDigest: (digest, name) =>
      find(placeByDigest(digest, name), () => database.run(findByDigest[name], digest, name)),
    async presentDigest(earlier, name) {
      const [row] = await database.run(findByEarlier[name], earlier)
      return row?.digest
    },
    recallOfMedia: (id, name) => memo.recall(placeOfMedia(id, name)),
    recallByDigest: (digest, name) => memo.recall(placeByDigest(digest, name)),
  }
}

interface Row {
  file_id: number
  key: string | null
  sha256: string | null
  size: number | null
}

const findOfMedia = prepare((db, id: Parameter<number>, name: Parameter<VariantName>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .leftJoin('variants', (join) =>
      join
        .onRef('variants.file_id', '=', 'files.id')
        .onRef('variants.recipe', '=', 'files.recipe')
        .on('variants.name', '=', name),
    )
    .select(['media.file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where('media.id', '=', id)
    .compile(),
)

const prepareByDigest = (column: 'scaled_digest' | 'high_digest') =>
  prepare((db, digest: Parameter<string>, name: Parameter<VariantName>) =>
    db
      .selectFrom('files')
      .leftJoin('variants', (join) =>
        join
          .onRef('variants.file_id', '=', 'files.id')
          .onRef('variants.recipe', '=', 'files.recipe')
          .on('variants.name', '=', name),
      )
      .select(['files.id as file_id', 'variants.key', 'variants.sha256', 'variants.size'])
      .where(`files.${column}`, '=', digest)
      .where(isShown)
      .compile(),
  )

const findByDigest = {
  scaled: prepareByDigest('scaled_digest'),
  high: prepareByDigest('high_digest'),
}

const prepareByEarlier = (column: 'scaled_digest' | 'high_digest') =>
  prepare((db, earlier: Parameter<string>) =>
    db
      .selectFrom('earlier_addresses')
      .innerJoin('files', 'files.id', 'earlier_addresses.file_id')
      .select(`files.${column} as digest`)
      .where(`earlier_addresses.${column}`, '=', earlier)
      .where(isShown)
      .compile(),
  )

const findByEarlier = {
  scaled: prepareByEarlier('scaled_digest'),
  high: prepareByEarlier('high_digest'),
}

function toShown({ file_id, key, sha256, size }: Row): Shown {
  const made = key !== null && sha256 !== null && size !== null
  return { fileId: file_id, variant: made ? { key, sha256, size } : undefined }
}

/** A derived image that storage holds. */
export interface StoredVariant {
  key: string
  /** hex */
  sha256: string
  /** bytes */
  size: number
}

/** The file of an item, and the requested variant; undefined if it must be rendered, perhaps again. */
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

/**
 * The original behind a media item, and the item's name.
 * @param version the version whose original it is; undefined for the present one
 */
export async function findOriginal(db: Queries, mediaId: number, version?: number) {
  const ofItem = db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(ORIGINAL)
    .where('media.id', '=', mediaId)
  if (version === undefined) return ofItem.executeTakeFirst()
  // An item that was never replaced has no rows: its only version is 1.
  const only =
    version === 1 &&
    (await ofItem
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('versions').select('version').where('media_id', '=', mediaId))),
      )
      .executeTakeFirst())
  if (only) return only
  return db
    .selectFrom('versions')
    .innerJoin('media', 'media.id', 'versions.media_id')
    .innerJoin('files', 'files.id', 'versions.file_id')
    .select(ORIGINAL)
    .where('versions.media_id', '=', mediaId)
    .where('versions.version', '=', version)
    .executeTakeFirst()
}

const ORIGINAL = [
  'media.name',
  'files.id as fileId',
  'files.key',
  'files.sha256',
  'files.size',
  'files.type',
] as const
