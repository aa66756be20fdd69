/*
 * The stored form of a set of ids. Ids are kept in chunks of 4,096: id 10,000 is offset 1,808 of chunk 2. A chunk
 * with fewer than 256 ids is the ascending list of their offsets, in two bytes each, the low byte first. Any other
 * chunk is a bitmap of 512 bytes: offset n is bit n & 7 of byte n >> 3, bit 0 the lowest. A list is always shorter
 * than a bitmap, so the length tells which of the two it is.
 */

/** How many ids a chunk covers. */
export const IDS_PER_CHUNK = 4096

/** How many 32-bit words hold the bits of a chunk. */
export const WORDS_PER_CHUNK = IDS_PER_CHUNK / 32

const BITMAP_BYTES = IDS_PER_CHUNK / 8
const LIST_MAX_IDS = 255

/** Bytes of a stored chunk, as databases take and return them. */
export type ChunkBits = Uint8Array

/** A row of a stored set: the number of a chunk and its bytes. */
export interface ChunkRow {
  chunk: number
  bits: ChunkBits
}

/** The number of the chunk that covers an id below 2^32. */
export const chunkOf = (id: number): number => id >>> 12

/** The offset of an id in its chunk. */
export const offsetOf = (id: number): number => id & (IDS_PER_CHUNK - 1)

/**
 * @param offsets in any order; an offset may repeat
 * @throws RangeError for a number that is no offset
 */
export function encodeChunk(offsets: Iterable<number>): ChunkBits {
  const words = new Uint32Array(WORDS_PER_CHUNK)
  for (const offset of offsets) setBit(words, 0, offset)
  return encodeWords(words)
}

/**
 * Adds offsets to a stored chunk and removes others. An offset that is both added and removed is in the result.
 * @param bits undefined for a chunk without ids
 * @returns undefined if no id is left, so that the row can go
 * @throws RangeError like `encodeChunk` and `addChunk`
 */
export function changeChunk(
  bits: ChunkBits | undefined,
  add: Iterable<number>,
  remove: Iterable<number>,
): ChunkBits | undefined {
  const words = bits ? toWords(bits) : new Uint32Array(WORDS_PER_CHUNK)
  for (const offset of remove) {
    requireOffset(offset)
    words[offset >>> 5] = (words[offset >>> 5] ?? 0) & ~(1 << (offset & 31))
  }
  for (const offset of add) setBit(words, 0, offset)
  const changed = encodeWords(words)
  return changed.length === 0 ? undefined : changed
}

/**
 * How many ids a stored chunk holds.
 * @throws RangeError like `addChunk`
 */
export function countChunk(bits: ChunkBits): number {
  requireChunk(bits)
  return bits.length === BITMAP_BYTES ? countBits(toWords(bits)) : bits.length / 2
}

/**
 * How many ids two stored chunks have in common.
 * @throws RangeError like `addChunk`
 */
export function countCommon(bits: ChunkBits, other: ChunkBits | undefined): number {
  if (!other) return 0
  const [words, others] = [toWords(bits), toWords(other)]
  let count = 0
  for (const [index, word] of words.entries()) count += countWord(word & (others[index] ?? 0))
  return count
}

/**
 * Adds the ids of a stored chunk to the words from `start` on.
 * @throws RangeError for bytes that are no chunk, as only in a damaged database
 */
export function addChunk(words: Uint32Array, start: number, bits: ChunkBits): void {
  requireChunk(bits)
  // By bytes, because a driver may return them at any address of its buffer.
  if (bits.length === BITMAP_BYTES) {
    for (let index = 0; index < WORDS_PER_CHUNK; index++) {
      const word = start + index
      words[word] = (words[word] ?? 0) | readWord(bits, index * 4)
    }
  } else {
    for (let index = 0; index < bits.length; index += 2) {
      setBit(words, start, (bits[index] ?? 0) | ((bits[index + 1] ?? 0) << 8))
    }
  }
}

/** How many bits are set in the words from `start` to `end`, without `end`. */
export function countBits(words: Uint32Array, start = 0, end = words.length): number {
  let count = 0
  for (let index = start; index < end; index++) count += countWord(words[index] ?? 0)
  return count
}

/** How many bits of a word are set: Warren, Hacker's Delight, 2nd edition, section 5-1. */
export function countWord(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** The place of the lowest bit that is set in a word. The word is not 0. */
export const lowestBit = (word: number): number => 31 - Math.clz32(word & -word)

function toWords(bits: ChunkBits): Uint32Array {
  const words = new Uint32Array(WORDS_PER_CHUNK)
  addChunk(words, 0, bits)
  return words
}

/** The stored form of the words of one chunk; empty if no bit is set. */
export function encodeWords(words: Uint32Array): ChunkBits {
  const count = countBits(words)
  const isList = count <= LIST_MAX_IDS
  const bytes = new Uint8Array(isList ? count * 2 : BITMAP_BYTES)
  let length = 0
  for (let index = 0; index < WORDS_PER_CHUNK; index++) {
    let rest = words[index] ?? 0
    if (!isList) {
      for (let shift = 0; shift < 32; shift += 8) bytes[length++] = rest >>> shift
      continue
    }
    for (; rest !== 0; rest &= rest - 1) {
      const offset = index * 32 + lowestBit(rest)
      bytes[length++] = offset
      bytes[length++] = offset >>> 8
    }
  }
  return bytes
}

function setBit(words: Uint32Array, start: number, offset: number) {
  requireOffset(offset)
  const index = start + (offset >>> 5)
  words[index] = (words[index] ?? 0) | (1 << (offset & 31))
}

function requireChunk({ length }: ChunkBits) {
  if (length <= BITMAP_BYTES && length % 2 === 0) return
  throw new RangeError(`A chunk of ids has ${length} bytes.`)
}

function requireOffset(offset: number) {
  if (offset >>> 0 !== offset || offset >= IDS_PER_CHUNK) {
    throw new RangeError(`${offset} is no offset in a chunk of ${IDS_PER_CHUNK} ids.`)
  }
}

const readWord = (bytes: Uint8Array, at: number) =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24)
