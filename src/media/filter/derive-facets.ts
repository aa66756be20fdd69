import { sql } from 'kysely'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import {
  type ChunkBits,
  type ChunkRow,
  chunkOf,
  countChunk,
  countCommon,
  encodeChunk,
  IDS_PER_CHUNK,
  offsetOf,
} from './chunk.ts'
import { raiseCounts, writeChunks } from './facet-rows.ts'
import { type AncestorsOf, type Facet, type FacetSource, facetsOf } from './facets.ts'

/*
 * Derives facets from the items, chunk by chunk: to build them, and to compare them with what is stored.
 */

/** The facets of the items in one chunk. */
export interface DerivedChunk extends Facet {
  bits: ChunkBits
  items: number
  live: number
}

/** The first chunk from `chunk` on that has an item; undefined if there is none. */
export async function findChunk(db: Queries, chunk: number): Promise<number | undefined> {
  const [item] = await runIn(db, findItem, chunk * IDS_PER_CHUNK)
  return item && chunkOf(item.id)
}

const findItem = prepare((db, from: Parameter<number>) =>
  db.selectFrom('media').select('id').where('id', '>=', from).orderBy('id').limit(1).compile(),
)

/**
 * Derives the facets of the items of one chunk.
 * @returns by `kind:value`
 */
export async function deriveChunk(
  db: Queries,
  chunk: number,
  ancestorsOf: AncestorsOf,
  each: () => void = () => {},
): Promise<Map<string, DerivedChunk>> {
  const first = chunk * IDS_PER_CHUNK
  const found = new Map<string, { facet: Facet; offsets: number[]; live: number }>()
  for (const item of await runIn(db, findSources, first, first + IDS_PER_CHUNK)) {
    for (const facet of facetsOf(item, ancestorsOf)) {
      const key = `${facet.kind}:${facet.value}`
      let entry = found.get(key)
      if (!entry) {
        entry = { facet, offsets: [], live: 0 }
        found.set(key, entry)
      }
      entry.offsets.push(offsetOf(item.id))
      if (item.trashed_at === null) entry.live += 1
    }
    each()
  }
  return new Map(
    [...found].map(([key, { facet, offsets, live }]) => [
      key,
      { ...facet, bits: encodeChunk(offsets), items: offsets.length, live },
    ]),
  )
}

const findSources = prepare((db, first: Parameter<number>, end: Parameter<number>) =>
  db
    .selectFrom('media')
    .leftJoin('files', 'files.id', 'media.file_id')
    .select([
      'media.id',
      'tags',
      'alt',
      'description',
      'credit',
      'copyright',
      'source',
      'rating',
      'focus',
      'taken_at',
      'location',
      'collections',
      'added_by',
      'trashed_at',
      'type',
      'width',
      'height',
      'frames',
      'color',
      'reveals',
    ])
    .where('media.id', '>=', first)
    .where('media.id', '<', end)
    .orderBy('media.id')
    .$narrowType<FacetSource>()
    .compile(),
)

/**
 * Reads what is stored for a chunk.
 * @returns by `kind:value`
 */
export async function readStoredChunk(
  db: Queries,
  chunk: number,
): Promise<Map<string, { id: number; bits: ChunkBits }>> {
  const rows = await runIn(db, findStored, chunk)
  return new Map(rows.map(({ id, kind, value, bits }) => [`${kind}:${value}`, { id, bits }]))
}

// A scalar subquery, so that PostgreSQL looks up the chunk of each facet instead of reading all chunks.
const findStored = prepare((db, chunk: Parameter<number>) =>
  sql<{ id: number; kind: string; value: string; bits: ChunkBits }>`
    WITH stored AS MATERIALIZED (
      SELECT id, kind, value, (
        SELECT bits FROM facet_chunks WHERE facet_id = facets.id AND chunk = ${chunk}
      ) AS bits
      FROM facets
    )
    SELECT id, kind, value, bits FROM stored WHERE bits IS NOT NULL`.compile(db),
)

/**
 * Writes the facets of a chunk as they follow from its items. Counts change by as much as the chunk does, so a wrong
 * count stays wrong.
 *
 * @param isNew true if nothing is stored for the chunk
 */
export async function storeDerivedChunk(
  trx: Queries,
  chunk: number,
  ancestorsOf: AncestorsOf,
  { isNew = false } = {},
): Promise<void> {
  const derived = await deriveChunk(trx, chunk, ancestorsOf)
  const stored = isNew ? NOTHING : await readStoredChunk(trx, chunk)
  const library = stored.get('in:library')?.bits
  const raised: (Facet & { items: number; live: number })[] = []
  for (const [key, { kind, value, items, live }] of derived) {
    const bits = stored.get(key)?.bits
    const [hadItems, hadLive] = bits ? [countChunk(bits), countCommon(bits, library)] : [0, 0]
    raised.push({ kind, value, items: items - hadItems, live: live - hadLive })
  }
  const ids = await raiseCounts(trx, raised)
  const rows: (Omit<ChunkRow, 'bits'> & { id: number; bits: ChunkBits | undefined })[] = []
  for (const [key, { bits }] of derived) {
    const id = ids.get(key)
    if (id !== undefined && !isSame(bits, stored.get(key)?.bits)) rows.push({ id, chunk, bits })
  }
  for (const [key, { id }] of stored) {
    if (!derived.has(key)) rows.push({ id, chunk, bits: undefined })
  }
  await writeChunks(trx, rows)
}

const NOTHING: Awaited<ReturnType<typeof readStoredChunk>> = new Map()

export const isSame = (one: ChunkBits, other: ChunkBits | undefined): boolean =>
  other !== undefined && Buffer.compare(one, other) === 0
