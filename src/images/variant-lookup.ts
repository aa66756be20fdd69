import type { CompiledQuery } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Queries, VariantName } from '../database/tables.ts'
import type { Shown } from './variants.ts'

/** More than a page of a large website shows; an entry takes some 300 bytes. */
const MAX_REMEMBERED = 30_000

/** Finds what an address shows; undefined if it names nothing (any more). */
export interface VariantLookup {
  ofMedia(mediaId: number, name: VariantName): Promise<Shown | undefined>
  byDigest(digest: string, name: VariantName): Promise<Shown | undefined>
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
  const { read } = database
  const queries = {
    media: { scaled: compileOfMedia(read, 'scaled'), high: compileOfMedia(read, 'high') },
    digest: { scaled: compileByDigest(read, 'scaled'), high: compileByDigest(read, 'high') },
  }
  const remembered = new Map<string, Shown>()
  let state: number | undefined

  function recall(place: string): Shown | undefined {
    const now = database.changes()
    if (now === undefined || now !== state) {
      remembered.clear()
      state = now
    }
    return remembered.get(place)
  }

  async function find(
    place: string,
    query: CompiledQuery<Row>,
    value: number | string,
  ): Promise<Shown | undefined> {
    const known = recall(place)
    if (known) return known
    const now = state
    const { rows } = await read.executeQuery(withValue(query, value))
    const shown = rows[0] && toShown(rows[0])
    // Only while the state is still the one that the query was asked in.
    if (shown && now !== undefined && now === state) {
      remembered.set(place, shown)
      const [oldest] = remembered.keys()
      if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
    }
    return shown
  }

  const placeOfMedia = (id: number, name: VariantName) => `${id} ${name}`
  const placeByDigest = (digest: string, name: VariantName) => `${digest}/${name}`

  return {
    ofMedia: (id, name) => find(placeOfMedia(id, name), queries.media[name], id),
    byDigest: (digest, name) => find(placeByDigest(digest, name), queries.digest[name], digest),
    recallOfMedia: (id, name) => recall(placeOfMedia(id, name)),
    recallByDigest: (digest, name) => recall(placeByDigest(digest, name)),
  }
}

interface Row {
  file_id: number
  key: string | null
  sha256: string | null
  size: number | null
}

/*
 * To build a query costs more than to run it, so these are built once. Their parameters are the
 * variant's name and a value that `find` puts in the place of the one given here.
 */

const withValue = (query: CompiledQuery<Row>, value: number | string): CompiledQuery<Row> => ({
  ...query,
  parameters: [query.parameters[0], value],
})

const compileOfMedia = (db: Queries, name: VariantName): CompiledQuery<Row> =>
  db
    .selectFrom('media')
    .leftJoin('variants', (join) =>
      join.onRef('variants.file_id', '=', 'media.file_id').on('variants.name', '=', name),
    )
    .select(['media.file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where('media.id', '=', 0)
    .compile()

const compileByDigest = (db: Queries, name: VariantName): CompiledQuery<Row> =>
  db
    .selectFrom('files')
    .leftJoin('variants', (join) =>
      join.onRef('variants.file_id', '=', 'files.id').on('variants.name', '=', name),
    )
    .select(['files.id as file_id', 'variants.key', 'variants.sha256', 'variants.size'])
    .where(name === 'scaled' ? 'files.scaled_digest' : 'files.high_digest', '=', '')
    .compile()

function toShown({ file_id, key, sha256, size }: Row): Shown {
  const made = key !== null && sha256 !== null && size !== null
  return { fileId: file_id, variant: made ? { key, sha256, size } : undefined }
}
