import type { CompiledQuery } from 'kysely'
import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import type { Queries, VariantName } from '../../database/tables.ts'
import type { Shown } from './variants.ts'

/** Some 30,000: more than a page of a large website shows. */
const MAX_BYTES = 16 * 1024 * 1024
/** Of numbers, a key and a hash. */
const SHOWN_BYTES = 250

/** Finds what an address shows; undefined if it names nothing (any more). */
export interface VariantLookup {
  ofMedia(mediaId: number, name: VariantName): Promise<Shown | undefined>
  byDigest(digest: string, name: VariantName): Promise<Shown | undefined>
  /** The present digest of what an earlier recipe named so. */
  presentDigest(earlier: string, name: VariantName): Promise<string | undefined>
  /** What would be found, where that is known without asking; undefined where it is not. */
  recallOfMedia(mediaId: number, name: VariantName): Shown | undefined
  recallByDigest(digest: string, name: VariantName): Shown | undefined
}

/**
 * What was found is remembered for as long as nothing at all has changed in the database. So an
 * image that was deleted, by whatever process, is unknown at once. Where the database cannot say
 * that nothing has changed, it is asked each time, by primary key.
 */
export function createVariantLookup(database: Database): VariantLookup {
  const { read, ask } = database
  const queries = {
    media: { scaled: compileOfMedia(read, 'scaled'), high: compileOfMedia(read, 'high') },
    digest: { scaled: compileByDigest(read, 'scaled'), high: compileByDigest(read, 'high') },
    earlier: { scaled: compileByEarlier(read, 'scaled'), high: compileByEarlier(read, 'high') },
  }
  const memo = createMemo<Shown>(database, MAX_BYTES, () => SHOWN_BYTES)

  const find = (
    place: string,
    query: CompiledQuery<Row>,
    name: VariantName,
    value: number | string,
  ): Promise<Shown | undefined> =>
    memo.read(place, async () => {
      const [row] = await ask(query, name, value)
      return row && toShown(row)
    })

  const placeOfMedia = (id: number, name: VariantName) => `${id} ${name}`
  const placeByDigest = (digest: string, name: VariantName) => `${digest}/${name}`

  return {
    ofMedia: (id, name) => find(placeOfMedia(id, name), queries.media[name], name, id),
    byDigest: (digest, name) =>
      find(placeByDigest(digest, name), queries.digest[name], name, digest),
    async presentDigest(earlier, name) {
      const [row] = await ask(queries.earlier[name], earlier)
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

// Each of these is asked with the variant's name and the value that is looked for.

const compileOfMedia = (db: Queries, name: VariantName): CompiledQuery<Row> =>
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
    .where('media.id', '=', 0)
    .compile()

const compileByDigest = (db: Queries, name: VariantName): CompiledQuery<Row> =>
  db
    .selectFrom('files')
    .leftJoin('variants', (join) =>
      join
        .onRef('variants.file_id', '=', 'files.id')
        .onRef('variants.recipe', '=', 'files.recipe')
        .on('variants.name', '=', name),
    )
    .select(['files.id as file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where(name === 'scaled' ? 'files.scaled_digest' : 'files.high_digest', '=', '')
    .compile()

/** Asked with the earlier digest. */
function compileByEarlier(db: Queries, name: VariantName): CompiledQuery<{ digest: string }> {
  const column = name === 'scaled' ? 'scaled_digest' : 'high_digest'
  return db
    .selectFrom('earlier_addresses')
    .innerJoin('files', 'files.id', 'earlier_addresses.file_id')
    .select(`files.${column} as digest`)
    .where(`earlier_addresses.${column}`, '=', '')
    .compile()
}

function toShown({ file_id, key, sha256, size }: Row): Shown {
  const made = key !== null && sha256 !== null && size !== null
  return { fileId: file_id, variant: made ? { key, sha256, size } : undefined }
}
