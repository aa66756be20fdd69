import {
  addChunk,
  type ChunkRow,
  chunkOf,
  countBits,
  countWord,
  IDS_PER_CHUNK,
  lowestBit,
  offsetOf,
  WORDS_PER_CHUNK,
} from './chunk.ts'

/**
 * The chunks of one base set, for instance of all live items. Sets of one layout can be combined. They have no
 * room for chunks without an item of the base set, so ids of items that were deleted long ago cost no memory.
 */
export interface IdLayout {
  /** The numbers of the chunks, ascending. */
  readonly chunks: Uint32Array
  /** The index in `chunks` by the number of a chunk; -1 for a chunk that the layout lacks. 4 MiB at most. */
  readonly directory: Int32Array
}

/** A set of ids: 128 words for each chunk of its layout. The lowest bit of the first word is the lowest id. */
export type IdSet = Uint32Array<ArrayBuffer>

/** Ids are below 2^32, so chunks are below this number. */
const CHUNKS = 2 ** 32 / IDS_PER_CHUNK

/**
 * @param rows the rows of the base set, in any order
 * @throws RangeError for a number that no chunk has, so that a damaged row cannot take all memory
 */
export function createLayout(rows: Iterable<{ chunk: number }>): IdLayout {
  const numbers = new Set<number>()
  for (const { chunk } of rows) {
    if (!(Number.isInteger(chunk) && chunk >= 0 && chunk < CHUNKS)) {
      throw new RangeError(`${chunk} is no number of a chunk.`)
    }
    numbers.add(chunk)
  }
  const chunks = Uint32Array.from(numbers).sort()
  const directory = new Int32Array((chunks.at(-1) ?? -1) + 1).fill(-1)
  for (const [index, chunk] of chunks.entries()) directory[chunk] = index
  return { chunks, directory }
}

export const emptySet = (layout: IdLayout): IdSet =>
  new Uint32Array(layout.chunks.length * WORDS_PER_CHUNK)

/**
 * @param rows stored chunks; those outside the layout are left out
 * @throws RangeError for bytes that are no chunk, as only in a damaged database
 */
export const toIdSet = (layout: IdLayout, rows: Iterable<ChunkRow>): IdSet =>
  addRows(emptySet(layout), layout, rows)

/** Adds the ids of stored chunks to a set in place. Otherwise like `toIdSet`. */
export function addRows(set: IdSet, layout: IdLayout, rows: Iterable<ChunkRow>): IdSet {
  for (const { chunk, bits } of rows) {
    const index = indexOf(layout, chunk)
    if (index !== -1) addChunk(set, index * WORDS_PER_CHUNK, bits)
  }
  return set
}

/** @param ids in any order; those in chunks outside the layout are left out */
export function fromIds(layout: IdLayout, ids: Iterable<number>): IdSet {
  const set = emptySet(layout)
  for (const id of ids) {
    const index = wordOf(layout, id)
    if (index !== -1) set[index] = (set[index] ?? 0) | (1 << (id & 31))
  }
  return set
}

/**
 * All ids from `from` to `to`, without `to`, whether or not there is such an item.
 * @param from any number
 * @param to any number; infinity for no end
 */
export function idsBetween(layout: IdLayout, from: number, to: number): IdSet {
  const set = emptySet(layout)
  for (const [index, chunk] of layout.chunks.entries()) {
    const first = chunk * IDS_PER_CHUNK
    const start = Math.max(0, Math.ceil(from) - first)
    const end = Math.min(IDS_PER_CHUNK, Math.ceil(to) - first)
    if (start < end) fillBits(set, index * IDS_PER_CHUNK + start, index * IDS_PER_CHUNK + end)
  }
  return set
}

/*
 * These three change `set` in place and return it. `set.slice()` is a copy. They throw RangeError for sets that
 * cannot be of one layout.
 */

/** Leaves in `set` what is in `other` too. */
export function intersect(set: IdSet, other: IdSet): IdSet {
  requireSameLayout(set, other)
  for (let index = 0; index < set.length; index++) {
    set[index] = (set[index] ?? 0) & (other[index] ?? 0)
  }
  return set
}

/** Adds `other` to `set`. */
export function unite(set: IdSet, other: IdSet): IdSet {
  requireSameLayout(set, other)
  for (let index = 0; index < set.length; index++) {
    set[index] = (set[index] ?? 0) | (other[index] ?? 0)
  }
  return set
}

/** Takes `other` out of `set`. */
export function subtract(set: IdSet, other: IdSet): IdSet {
  requireSameLayout(set, other)
  for (let index = 0; index < set.length; index++) {
    set[index] = (set[index] ?? 0) & ~(other[index] ?? 0)
  }
  return set
}

export const countIds = (set: IdSet): number => countBits(set)

/**
 * The ids of a page, by id.
 * @param offset how many ids to skip
 * @param limit how many ids to return at most
 */
export function pageOf(
  layout: IdLayout,
  set: IdSet,
  { descending, offset, limit }: { descending: boolean; offset: number; limit: number },
): number[] {
  const ids: number[] = []
  const step = descending ? -1 : 1
  let skip = offset
  for (
    let index = descending ? set.length - 1 : 0;
    index >= 0 && index < set.length && ids.length < limit;
    index += step
  ) {
    let rest = set[index] ?? 0
    if (skip > 0) {
      const count = countWord(rest)
      if (count <= skip) {
        skip -= count
        continue
      }
    }
    const first = firstIdOf(layout, index)
    while (rest !== 0 && ids.length < limit) {
      const bit = descending ? 31 - Math.clz32(rest) : lowestBit(rest)
      rest &= ~(1 << bit)
      if (skip > 0) skip--
      else ids.push(first + bit)
    }
  }
  return ids
}

/** All ids, ascending: 4 bytes each. */
export function listIds(layout: IdLayout, set: IdSet): Uint32Array {
  const ids = new Uint32Array(countIds(set))
  let length = 0
  for (let index = 0; index < set.length; index++) {
    let rest = set[index] ?? 0
    if (rest === 0) continue
    const first = firstIdOf(layout, index)
    for (; rest !== 0; rest &= rest - 1) ids[length++] = first + lowestBit(rest)
  }
  return ids
}

function requireSameLayout(set: IdSet, other: IdSet) {
  if (set.length !== other.length) {
    throw new RangeError(`Sets of ${set.length} and ${other.length} words are of two layouts.`)
  }
}

/** The place of a chunk in the layout, or -1. */
const indexOf = ({ directory }: IdLayout, chunk: number): number => directory[chunk] ?? -1

/** The index of the word with the bit of an id, or -1 if the layout has none. */
function wordOf(layout: IdLayout, id: number): number {
  if (id >>> 0 !== id) return -1
  const index = indexOf(layout, chunkOf(id))
  return index === -1 ? -1 : index * WORDS_PER_CHUNK + (offsetOf(id) >>> 5)
}

/** The id of the lowest bit of a word. */
const firstIdOf = ({ chunks }: IdLayout, word: number): number =>
  (chunks[Math.floor(word / WORDS_PER_CHUNK)] ?? 0) * IDS_PER_CHUNK + (word % WORDS_PER_CHUNK) * 32

/** Sets the bits from `start` to `end`, without `end`. `start` is below `end`. */
function fillBits(set: IdSet, start: number, end: number) {
  const [first, last] = [start >>> 5, (end - 1) >>> 5]
  for (let index = first; index <= last; index++) {
    const above = index === first ? -1 << (start & 31) : -1
    const below = index === last ? -1 >>> (31 - ((end - 1) & 31)) : -1
    set[index] = (set[index] ?? 0) | (above & below)
  }
}
