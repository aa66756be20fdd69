import type { Queries } from '../../database/tables.ts'
import { type ChunkBits, changeChunk, chunkOf, offsetOf } from './chunk.ts'
import { readAncestors } from './collection-facets.ts'
import { dropUnused, findTouched, raiseCounts, writeChunks } from './facet-rows.ts'
import {
  type AncestorsOf,
  type Facet,
  type FacetSource,
  facetsOf,
  noAncestors,
  parseCollections,
} from './facets.ts'

/** An item before and after a change. One of them is absent if the item was added or removed. */
export interface FacetChange {
  readonly before?: FacetSource | undefined
  readonly after?: FacetSource | undefined
}

/**
 * How many chunks one round of statements changes. It reads and writes whole chunks, so it takes some megabytes at
 * most.
 */
const CHUNKS_AT_ONCE = 2000

/**
 * Updates the facets of changed items, whose number may be large, and the counts of these facets. Call it within the
 * transaction that changes the items, after `media` was written.
 */
export async function updateFacets(trx: Queries, changes: readonly FacetChange[]): Promise<void> {
  const differences = findDifferences(changes, await readAncestorsOf(trx, changes))
  for (const some of inRounds(differences)) await applyDifferences(trx, some)
}

/** Reads the ancestors of collections only if an item is in one. */
async function readAncestorsOf(
  trx: Queries,
  changes: readonly FacetChange[],
): Promise<AncestorsOf> {
  const collections = new Set<number>()
  for (const { before, after } of changes) {
    for (const state of [before, after]) {
      for (const id of parseCollections(state?.collections ?? '[]')) collections.add(id)
    }
  }
  return collections.size === 0 ? noAncestors : readAncestors(trx, [...collections])
}

/** What the changes of items are for one facet. */
interface Difference extends Facet {
  /** By how much the counts grow. */
  items: number
  live: number
  chunks: Map<number, { add: number[]; remove: number[] }>
}

function findDifferences(changes: readonly FacetChange[], ancestorsOf: AncestorsOf): Difference[] {
  const differences = new Map<string, Difference>()
  const note = (key: string, facet: Facet, live: number, change?: 'add' | 'remove', id = 0) => {
    let difference = differences.get(key)
    if (!difference) {
      difference = { ...facet, items: 0, live: 0, chunks: new Map() }
      differences.set(key, difference)
    }
    difference.live += live
    if (!change) return
    difference.items += change === 'add' ? 1 : -1
    let chunk = difference.chunks.get(chunkOf(id))
    if (!chunk) {
      chunk = { add: [], remove: [] }
      difference.chunks.set(chunkOf(id), chunk)
    }
    chunk[change].push(offsetOf(id))
  }
  const keyed = (state: FacetSource | undefined) =>
    new Map(state ? facetsOf(state, ancestorsOf).map((facet) => [keyOf(facet), facet]) : [])

  for (const { before, after } of changes) {
    const [had, has] = [keyed(before), keyed(after)]
    const [wasLive, isLive] = [
      before?.trashed_at === null ? 1 : 0,
      after?.trashed_at === null ? 1 : 0,
    ]
    for (const [key, facet] of had) {
      if (!has.has(key)) note(key, facet, -wasLive, 'remove', before?.id)
      else if (wasLive !== isLive) note(key, facet, isLive - wasLive)
    }
    for (const [key, facet] of has) if (!had.has(key)) note(key, facet, isLive, 'add', after?.id)
  }
  return [...differences.values()].filter(
    ({ items, live, chunks }) => items !== 0 || live !== 0 || chunks.size > 0,
  )
}

const keyOf = ({ kind, value }: Facet) => `${kind}:${value}`

function* inRounds(differences: readonly Difference[]): Generator<Difference[]> {
  let round: Difference[] = []
  let chunks = 0
  for (const difference of differences) {
    round.push(difference)
    chunks += Math.max(difference.chunks.size, 1)
    if (chunks < CHUNKS_AT_ONCE) continue
    yield round
    round = []
    chunks = 0
  }
  if (round.length > 0) yield round
}

async function applyDifferences(trx: Queries, differences: readonly Difference[]) {
  const found = await findTouched(trx, differences)
  // No item has a facet that does not exist, so none can lose it.
  const raised = differences.filter(
    ({ chunks }, index) => found.has(index) || chunks.values().some(({ add }) => add.length > 0),
  )
  const ids = await raiseCounts(trx, raised)
  const chunks: { id: number; chunk: number; bits: ChunkBits | undefined }[] = []
  for (const [index, difference] of differences.entries()) {
    const id = ids.get(keyOf(difference))
    if (id === undefined) continue
    for (const [chunk, { add, remove }] of difference.chunks) {
      const bits = found.get(index)?.bits.get(chunk)
      const next = changeChunk(bits, add, remove)
      if (bits || next) chunks.push({ id, chunk, bits: next })
    }
  }
  await writeChunks(trx, chunks)
  const fewer = raised.filter(({ items }) => items < 0)
  await dropUnused(
    trx,
    fewer.flatMap((facet) => ids.get(keyOf(facet)) ?? []),
  )
}
