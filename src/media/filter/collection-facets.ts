import { sql } from 'kysely'
import { isListed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import {
  addChunk,
  type ChunkRow,
  countChunk,
  countCommon,
  encodeWords,
  WORDS_PER_CHUNK,
} from './chunk.ts'
import { dropUnused, findTouched, raiseCounts, writeChunks } from './facet-rows.ts'
import type { AncestorsOf } from './facets.ts'

/**
 * Reads the ancestors of some collections.
 * @param ids of collections; a deleted or unknown one has no ancestors
 */
export async function readAncestors(trx: Queries, ids: readonly number[]): Promise<AncestorsOf> {
  const rows = await runIn(trx, findAncestors, JSON.stringify(ids))
  return createAncestorsOf(rows)
}

/** Reads the ancestors of all collections. */
export async function readAllAncestors(trx: Queries): Promise<AncestorsOf> {
  return createAncestorsOf(
    await trx.selectFrom('collections').select(['id', 'parent']).where('deleted', '=', 0).execute(),
  )
}

function createAncestorsOf(rows: readonly { id: number; parent: number | null }[]): AncestorsOf {
  const parents = new Map(rows.map(({ id, parent }) => [id, parent]))
  const known = new Map<number, readonly number[] | undefined>()
  const find = (collection: number) => {
    if (!parents.has(collection)) return undefined
    const ancestors: number[] = []
    for (let above = parents.get(collection); above != null; above = parents.get(above)) {
      // Only in a damaged database a collection is below itself, or its parent is missing.
      if (above === collection || ancestors.includes(above) || !parents.has(above)) break
      ancestors.push(above)
    }
    return ancestors
  }
  return (collection) => {
    if (!known.has(collection)) known.set(collection, find(collection))
    return known.get(collection)
  }
}

// UNION leaves out what it has found already, so it ends even where a collection is below itself.
const findAncestors = prepare((db, ids: Parameter<string>) =>
  sql<{ id: number; parent: number | null }>`
    WITH RECURSIVE above (id, parent) AS (
      SELECT id, parent FROM collections
      WHERE deleted = 0 AND ${isListed<number>(db, sql`id`, 'bigint', ids)}
      UNION
      SELECT collections.id, collections.parent
      FROM above JOIN collections ON collections.id = above.parent
      WHERE collections.deleted = 0
    )
    SELECT id, parent FROM above`.compile(db),
)

/**
 * Writes the facet `under` of collections and of their ancestors anew, from the collections that items are in. Call it
 * after a collection has got another parent, with the earlier and the present parent. Call it also after a collection
 * was marked as deleted.
 *
 * @param ids of collections; the facet of a deleted or unknown one is deleted
 */
export async function refreshUnder(trx: Queries, ids: readonly number[]): Promise<void> {
  const collections = await trx
    .selectFrom('collections')
    .select(['id', 'parent', 'deleted'])
    .execute()
  const rows = new Map(collections.map((row) => [row.id, row]))
  const wanted = new Set<number>()
  for (const id of ids) {
    for (let above: number | null | undefined = id; above != null && !wanted.has(above); ) {
      wanted.add(above)
      above = rows.get(above)?.parent
    }
  }
  const below = new Map<number, string[]>([...wanted].map((id) => [id, []]))
  const ancestorsOf = createAncestorsOf(collections.filter(({ deleted }) => deleted === 0))
  for (const { id } of collections) {
    const ancestors = ancestorsOf(id)
    for (const above of ancestors ? [id, ...ancestors] : []) below.get(above)?.push(String(id))
  }
  for (const [id, members] of below) await uniteInto(trx, id, members)
}

/** Deletes the facets of collections themselves. The items may keep their ids for some time. */
export async function dropCollectionFacets(trx: Queries, ...ids: readonly number[]): Promise<void> {
  const values = JSON.stringify(ids.map(String))
  await runIn(trx, deleteChunks, values)
  await runIn(trx, deleteFacets, values)
}

const deleteChunks = prepare((db, values: Parameter<string>) =>
  sql`DELETE FROM facet_chunks WHERE facet_id IN (
    SELECT id FROM facets WHERE kind IN ('collection', 'under')
      AND ${isListed<string>(db, sql`value`, 'text', values)}
  )`.compile(db),
)

const deleteFacets = prepare((db, values: Parameter<string>) =>
  sql`DELETE FROM facets WHERE kind IN ('collection', 'under')
    AND ${isListed<string>(db, sql`value`, 'text', values)}`.compile(db),
)

/** Makes a facet `under` the union of facets `collection`. */
async function uniteInto(trx: Queries, id: number, members: readonly string[]) {
  const under = { kind: 'under', value: String(id) } as const
  const stored = (await findTouched(trx, [{ ...under, chunks: new Map() }])).get(0)
  if (stored) await trx.deleteFrom('facet_chunks').where('facet_id', '=', stored.id).execute()
  let [items, live] = [0, 0]
  let facet = stored?.id
  for await (const rows of readUnions(trx, members)) {
    const library = await runIn(trx, findLibrary, JSON.stringify(rows.map(({ chunk }) => chunk)))
    const alive = new Map(library.map(({ chunk, bits }) => [chunk, bits]))
    for (const { chunk, bits } of rows) {
      items += countChunk(bits)
      live += countCommon(bits, alive.get(chunk))
    }
    facet ??= (await raiseCounts(trx, [{ ...under, items: 0, live: 0 }])).get(`under:${id}`)
    if (facet === undefined) throw new Error(`The facet under:${id} was not made.`)
    const written = facet
    await writeChunks(
      trx,
      rows.map((row) => ({ id: written, ...row })),
    )
  }
  if (facet === undefined) return
  await trx.updateTable('facets').set({ items, live }).where('id', '=', facet).execute()
  await dropUnused(trx, [facet])
}

/** How many chunks are united at a time. For each, memory holds one chunk of every collection at most. */
const CHUNKS_AT_ONCE = 64

/** The chunks of a union, in parts, in ascending order. */
async function* readUnions(trx: Queries, members: readonly string[]): AsyncGenerator<ChunkRow[]> {
  if (members.length === 0) return
  const values = JSON.stringify(members)
  const [range] = await runIn(trx, findRange, values)
  if (range?.first == null || range.last == null) return
  for (let first = range.first; first <= range.last; first += CHUNKS_AT_ONCE) {
    const end = first + CHUNKS_AT_ONCE
    const united = new Map<number, Uint32Array>()
    for (const { chunk, bits } of await runIn(trx, findMembers, values, first, end)) {
      const words = united.get(chunk) ?? new Uint32Array(WORDS_PER_CHUNK)
      addChunk(words, 0, bits)
      united.set(chunk, words)
    }
    if (united.size > 0) {
      yield [...united].map(([chunk, words]) => ({ chunk, bits: encodeWords(words) }))
    }
  }
}

const findRange = prepare((db, values: Parameter<string>) =>
  sql<{ first: number | null; last: number | null }>`
    SELECT min(chunk) AS first, max(chunk) AS last
    FROM facets JOIN facet_chunks ON facet_id = id
    WHERE kind = 'collection' AND ${isListed<string>(db, sql`value`, 'text', values)}`.compile(db),
)

const findMembers = prepare(
  (db, values: Parameter<string>, first: Parameter<number>, end: Parameter<number>) =>
    sql<ChunkRow>`
    SELECT chunk, bits FROM facets JOIN facet_chunks ON facet_id = id
    WHERE kind = 'collection' AND ${isListed<string>(db, sql`value`, 'text', values)}
      AND chunk >= ${first} AND chunk < ${end}`.compile(db),
)

const findLibrary = prepare((db, chunks: Parameter<string>) =>
  sql<ChunkRow>`
    SELECT chunk, bits FROM facets JOIN facet_chunks ON facet_id = id
    WHERE kind = 'in' AND value = 'library'
      AND ${isListed<number>(db, sql`chunk`, 'bigint', chunks)}`.compile(db),
)
