import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { isListed, listedRows, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { ChunkBits } from './chunk.ts'
import type { Facet } from './facets.ts'

/*
 * Rows of `facets` and `facet_chunks`. Each statement takes any number of them as one JSON text, so that a change of
 * many items costs as many statements as that of one.
 */

export interface StoredFacet {
  id: number
  /** The stored chunks, by their numbers. */
  bits: Map<number, ChunkBits>
}

/**
 * Reads facets and some chunks of each.
 * @returns the facets that exist, by their index in `wanted`
 */
export async function findTouched(
  trx: Queries,
  wanted: readonly (Facet & { chunks: { keys(): Iterable<number> } })[],
): Promise<Map<number, StoredFacet>> {
  const rows = wanted.flatMap(({ kind, value, chunks }, place) => {
    const numbers = [...chunks.keys()]
    // A facet without a chunk is read for its id.
    if (numbers.length === 0) return [{ place, kind, value }]
    return numbers.map((chunk) => ({ place, kind, value, chunk }))
  })
  const found = new Map<number, StoredFacet>()
  if (rows.length === 0) return found
  for (const { place, id, chunk, bits } of await runIn(trx, selectTouched, JSON.stringify(rows))) {
    const facet = found.get(place) ?? { id, bits: new Map<number, ChunkBits>() }
    if (bits) facet.bits.set(chunk, bits)
    found.set(place, facet)
  }
  return found
}

interface TouchedRow {
  place: number
  id: number
  chunk: number
  bits: ChunkBits | null
}

// Scalar subqueries, so that PostgreSQL looks up each row in an index. It expects 100 rows of any list, so for a join
// it would read all facets.
const selectTouched = prepare((db, rows: Parameter<string>) => {
  const columns = { place: 'bigint', kind: 'text', value: 'text', chunk: 'bigint' } as const
  return sql<TouchedRow>`
    WITH touched AS MATERIALIZED (
      SELECT place, chunk, (
        SELECT id FROM facets WHERE facets.kind = wanted.kind AND facets.value = wanted.value
      ) AS id
      FROM ${listedRows(db, columns, rows)} AS wanted
    )
    SELECT place, chunk, id, (
      SELECT bits FROM facet_chunks
      WHERE facet_chunks.facet_id = touched.id AND facet_chunks.chunk = touched.chunk
    ) AS bits
    FROM touched WHERE id IS NOT NULL`.compile(db)
})

/**
 * Adds to the counts of facets. Inserts facets that do not exist yet.
 * @returns the ids by `kind:value`
 */
export async function raiseCounts(
  trx: Queries,
  facets: readonly (Facet & { items: number; live: number })[],
): Promise<Map<string, number>> {
  if (facets.length === 0) return new Map()
  const rows = facets.map(({ kind, value, items, live }) => ({ kind, value, items, live }))
  const raised = await runIn(trx, upsertFacets, JSON.stringify(rows))
  return new Map(raised.map(({ id, kind, value }) => [`${kind}:${value}`, id]))
}

const upsertFacets = prepare((db, rows: Parameter<string>) => {
  const columns = { kind: 'text', value: 'text', items: 'bigint', live: 'bigint' } as const
  // Without WHERE, SQLite would take ON for the condition of a join.
  return sql<{ id: number; kind: string; value: string }>`
    INSERT INTO facets (kind, value, items, live)
    SELECT kind, value, items, live FROM ${listedRows(db, columns, rows)} AS raised WHERE true
    ON CONFLICT (kind, value) DO UPDATE
    SET items = facets.items + excluded.items, live = facets.live + excluded.live
    RETURNING id, kind, value`.compile(db)
})

/** Deletes the facets that no item has any more. Call it after `writeChunks`. */
export async function dropUnused(trx: Queries, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await runIn(trx, deleteUnused, JSON.stringify(ids))
}

/** If a count is wrong, chunks still need their facet. */
const deleteUnused = prepare((db, ids: Parameter<string>) =>
  sql`
    DELETE FROM facets WHERE items <= 0 AND ${isListed<number>(db, sql`id`, 'bigint', ids)}
      AND NOT EXISTS (SELECT 1 FROM facet_chunks WHERE facet_id = facets.id)`.compile(db),
)

/** Writes chunks. Deletes a chunk without bits. */
export async function writeChunks(
  trx: Queries,
  chunks: readonly { id: number; chunk: number; bits: ChunkBits | undefined }[],
): Promise<void> {
  const written: { id: number; chunk: number; bits: string }[] = []
  const gone: { id: number; chunk: number }[] = []
  for (const { id, chunk, bits } of chunks) {
    if (bits) written.push({ id, chunk, bits: toHex(bits) })
    else gone.push({ id, chunk })
  }
  const inOrder = (one: { id: number; chunk: number }, other: { id: number; chunk: number }) =>
    one.id - other.id || one.chunk - other.chunk
  if (written.length > 0) await runIn(trx, upsertChunks, JSON.stringify(written.sort(inOrder)))
  if (gone.length > 0) await runIn(trx, deleteChunks, JSON.stringify(gone))
}

const toHex = ({ buffer, byteOffset, byteLength }: ChunkBits) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex')

const upsertChunks = prepare((db, rows: Parameter<string>) => {
  const written = listedRows(db, { id: 'bigint', chunk: 'bigint', bits: 'text' }, rows)
  const bits = isPostgres(db) ? sql`decode(bits, 'hex')` : sql`unhex(bits)`
  // Without WHERE, SQLite would take ON for the condition of a join.
  return sql`
    INSERT INTO facet_chunks (facet_id, chunk, bits)
    SELECT id, chunk, ${bits} FROM ${written} AS written WHERE true
    ON CONFLICT (facet_id, chunk) DO UPDATE SET bits = excluded.bits`.compile(db)
})

const deleteChunks = prepare((db, rows: Parameter<string>) => {
  const gone = listedRows(db, { id: 'bigint', chunk: 'bigint' }, rows)
  return sql`
    DELETE FROM facet_chunks
    WHERE (facet_id, chunk) IN (SELECT id, chunk FROM ${gone} AS gone)`.compile(db)
})
