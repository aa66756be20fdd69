import { type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import { type Parameter, prepare } from '../../database/prepared.ts'
import type { Queries, Tables } from '../../database/tables.ts'
import { findMergedSource, findMovedKey, type SourceRow } from './merged-lookup.ts'

/** About 40,000 entries: more than a page of a large website shows. */
const MAX_BYTES = 16 * 1024 * 1024
/** Approximate size of a `Source`. */
const SOURCE_BYTES = 400

/** What the images at an address are made from. */
export interface Source {
  fileId: number
  /** MIME type of the original. */
  type: string
  /** Pixels of the upright original. */
  width: number
  height: number
  /** 1 unless animated. */
  frames: number
  /** Whether a part of it is transparent. */
  hasAlpha: boolean
  /** The point that crops keep, from 0 to 1. */
  focus: { x: number; y: number } | null
}

/** Finds the source behind an address; undefined if the address names nothing (any more). */
export interface SourceLookup {
  /** Finds nothing for an item in the trash. */
  ofMedia(mediaId: number): Promise<Source | undefined>
  /** Of an item in the trash alone. */
  ofTrashed(mediaId: number): Promise<Source | undefined>
  /**
   * Finds the source by the key of an immutable address. An item outside of the trash has it, at present or as an
   * earlier version, or an item that was merged into such an item.
   */
  byKey(key: string): Promise<Source | undefined>
  /** The present key of an item or version that had this key before, or this digest in addresses of an earlier version. */
  presentKey(earlier: string): Promise<string | undefined>
}

/**
 * Remembers results until anything changes in the database. So an image that any process deleted is unknown at once.
 * Where the database cannot tell whether it has changed, each lookup is a query by an index.
 */
export function createSourceLookup(database: Database): SourceLookup {
  const memo = createMemo<Source>(database, MAX_BYTES, () => SOURCE_BYTES)

  async function readByKey(key: string): Promise<Source | undefined> {
    const [ofFile] = await database.run(findByFileKey, key)
    if (ofFile) return toSource({ ...ofFile, focus: null })
    const [focused] = await database.run(findByFocusKey, key)
    if (focused) return toSource(focused)
    const merged = await findMergedSource(database, key)
    return merged && toSource(merged)
  }

  async function presentKey(earlier: string): Promise<string | undefined> {
    const [row] = await database.run(findPresent, earlier)
    return row?.key ?? findMovedKey(database, earlier)
  }

  return {
    ofMedia: (id) =>
      memo.read(`${id}`, async () => {
        const [row] = await database.run(findOfMedia, id)
        return row && toSource(row)
      }),
    async ofTrashed(id) {
      const [row] = await database.run(findOfTrashed, id)
      return row && toSource(row)
    },
    byKey: (key) => memo.read(`key ${key}`, () => readByKey(key)),
    presentKey,
  }
}

export const toSource = ({
  file_id,
  thumbhash,
  focus,
  type,
  width,
  height,
  frames,
}: SourceRow): Source => ({
  fileId: file_id,
  type,
  width,
  height,
  frames,
  hasAlpha: hasAlpha(thumbhash),
  focus: focus === null ? null : JSON.parse(focus),
})

/**
 * Whether an image has transparency, by its ThumbHash: a bit of the header says so. See `thumbHashToRGBA` in
 * https://evanw.github.io/thumbhash/
 */
export const hasAlpha = (thumbhash: string): boolean =>
  ((Buffer.from(thumbhash, 'base64')[2] ?? 0) & 0x80) !== 0

const COLUMNS = [
  'files.id as file_id',
  'files.type',
  'files.width',
  'files.height',
  'files.frames',
  'files.thumbhash',
] as const

const prepareOfMedia = (trash: 'is' | 'is not') =>
  prepare((db, id: Parameter<number>) =>
    db
      .selectFrom('media')
      .innerJoin('files', 'files.id', 'media.file_id')
      .select(COLUMNS)
      .select('media.focus')
      .where('media.id', '=', id)
      .where('media.trashed_at', trash, null)
      .compile(),
  )

const findOfMedia = prepareOfMedia('is')
const findOfTrashed = prepareOfMedia('is not')

/**
 * Whether a file of the outer query is for the public under its own key: an item that is not in the trash shows it
 * without a focus, or had it as an earlier version without one.
 */
const isShown = ({ exists, or, selectFrom }: ExpressionBuilder<Tables, 'files'>) =>
  or([
    exists(
      selectFrom('media')
        .select('media.id')
        .whereRef('media.file_id', '=', 'files.id')
        .where('media.trashed_at', 'is', null)
        .where('media.focus_key', 'is', null),
    ),
    exists(
      selectFrom('versions')
        .innerJoin('media', 'media.id', 'versions.media_id')
        .select('media.id')
        .whereRef('versions.file_id', '=', 'files.id')
        .where('media.trashed_at', 'is', null)
        .where('versions.focus_key', 'is', null)
        .where(isEarlier),
    ),
  ])

/** Whether a row of `versions` is not that of the present version, whose key is the item's. */
const isEarlier = sql<boolean>`(versions.file_id <> media.file_id OR versions.version < (
  SELECT max(version) FROM versions AS newest WHERE newest.media_id = versions.media_id))`

const findByFileKey = prepare((db, key: Parameter<string>) =>
  db
    .selectFrom('files')
    .select(COLUMNS)
    .where('files.scaled_digest', '=', key)
    .where(isShown)
    .compile(),
)

const findByFocusKey = prepare((db, key: Parameter<string>) =>
  db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(COLUMNS)
    .select('media.focus')
    .where('media.focus_key', '=', key)
    .where('media.trashed_at', 'is', null)
    .unionAll(
      db
        .selectFrom('versions')
        .innerJoin('media', 'media.id', 'versions.media_id')
        .innerJoin('files', 'files.id', 'versions.file_id')
        .select(COLUMNS)
        .select('versions.focus')
        .where('versions.focus_key', '=', key)
        .where('media.trashed_at', 'is', null),
    )
    .limit(1)
    .compile(),
)

/**
 * The present key by a key or digest that does not name anything itself. In this order: the file's own key, of an item
 * that has a focus now; a key of an earlier focus; digests of addresses from earlier versions of the program.
 */
const findPresent = prepare((db, earlier: Parameter<string>) => {
  const ofFiles = (rank: number, files: ReturnType<typeof sql>) => sql`
    SELECT ${sql.lit(rank)} AS rank, coalesce(media.focus_key, files.scaled_digest) AS key, media.id
    FROM files JOIN media ON media.file_id = files.id
    WHERE files.id IN (${files}) AND media.trashed_at IS NULL
    UNION ALL
    SELECT ${sql.lit(rank)}, coalesce(versions.focus_key, files.scaled_digest), media.id
    FROM files JOIN versions ON versions.file_id = files.id JOIN media ON media.id = versions.media_id
    WHERE files.id IN (${files}) AND media.trashed_at IS NULL AND ${isEarlier}`
  return sql<{ key: string }>`
    SELECT key FROM (
      ${ofFiles(1, sql`SELECT id FROM files WHERE scaled_digest = ${earlier}`)}
      UNION ALL
      SELECT 2, coalesce(media.focus_key, files.scaled_digest), media.id
      FROM earlier_keys JOIN media ON media.id = earlier_keys.media_id
      JOIN files ON files.id = media.file_id
      WHERE earlier_keys.key = ${earlier} AND earlier_keys.file_id = media.file_id
        AND media.trashed_at IS NULL
      UNION ALL
      SELECT 2, coalesce(versions.focus_key, files.scaled_digest), media.id
      FROM earlier_keys JOIN media ON media.id = earlier_keys.media_id
      JOIN versions ON versions.media_id = media.id AND versions.file_id = earlier_keys.file_id
      JOIN files ON files.id = versions.file_id
      WHERE earlier_keys.key = ${earlier} AND media.trashed_at IS NULL AND ${isEarlier}
      UNION ALL
      ${ofFiles(3, sql`SELECT id FROM files WHERE high_digest = ${earlier}`)}
      UNION ALL
      ${ofFiles(4, legacyFiles(earlier))}
    ) AS found
    ORDER BY rank, id DESC LIMIT 1`.compile(db)
})

/** The files that had this digest by an earlier recipe. */
const legacyFiles = (digest: Parameter<string>) => sql`
  SELECT file_id FROM earlier_addresses WHERE scaled_digest = ${digest}
  UNION SELECT file_id FROM earlier_addresses WHERE high_digest = ${digest}`

/** A derived image that storage holds. */
export interface StoredImage {
  key: string
  /** hex */
  sha256: string
  /** bytes */
  size: number
}

/**
 * The stored image of a file by the file's present recipe.
 * @param name of a variant or of a rendition
 */
export const findStored = prepare((db: Queries, file: Parameter<number>, name: Parameter<string>) =>
  sql<StoredImage>`
    SELECT variants.key, variants.sha256, variants.size FROM variants
    JOIN files ON files.id = variants.file_id AND files.recipe = variants.recipe
    WHERE variants.file_id = ${file} AND variants.name = ${name}
    UNION ALL
    SELECT renditions.key, renditions.sha256, renditions.size FROM renditions
    JOIN files ON files.id = renditions.file_id AND files.recipe = renditions.recipe
    WHERE renditions.file_id = ${file} AND renditions.name = ${name}`.compile(db),
)
