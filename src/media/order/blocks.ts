import { endianness } from 'node:os'

/*
 * The stored form of a piece of a list: the ids of its items and their keys, in the order of the keys, and of the ids
 * where keys are equal.
 *
 * An id has four bytes, the lowest first, so ids are below 2^32. A key is stored without the bytes that it begins with
 * as the key before it does. Ahead of the other bytes is one that counts both: the common bytes in the upper half, the
 * others in the lower half. A half that is 15 goes on behind it: bytes of 255, and a smaller one, are added. (LZ4
 * counts in this way: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md)
 */

/**
 * Bytes of the ids and keys of a block, at most. With it, a row of SQLite fits into a page, and two rows of PostgreSQL
 * do: changing an entry writes one page. A block has some 400 entries.
 */
export const MAX_BLOCK_BYTES = 3960

/** How full blocks are that are made of one that was full, so that they take further entries. */
const CUT_FILLING = 0.75

const ID_BYTES = 4
/** The largest count that fits into half a byte. */
const HALF = 15

/** The columns of a row. */
export interface StoredBlock {
  ids: Uint8Array
  keys: Uint8Array
}

/** Entries in order. The keys are whole, one behind the other. */
export interface Entries {
  ids: Uint32Array
  keys: Buffer
  /** Where each key ends in `keys`. */
  ends: Uint32Array
}

export interface KeyedId {
  key: Uint8Array
  id: number
}

/** @throws RangeError for bytes that are no ids, as only in a damaged database */
export function decodeIds(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  if (bytes.length % ID_BYTES !== 0) throw damaged()
  const ids = new Uint32Array(bytes.length / ID_BYTES)
  // Copied, because a driver may return them at any address of its buffer.
  new Uint8Array(ids.buffer).set(bytes)
  if (IS_BIG_ENDIAN) Buffer.from(ids.buffer).swap32()
  return ids
}

const IS_BIG_ENDIAN = endianness() === 'BE'

const damaged = () => new RangeError('A block of an order is damaged.')

/** @throws RangeError for bytes that are no block, as only in a damaged database */
export function decodeBlock(block: StoredBlock): Entries {
  const ids = decodeIds(block.ids)
  const stored = block.keys
  const ends = new Uint32Array(ids.length)
  let keys = Buffer.allocUnsafe(stored.length * 4 + 64)
  let at = 0
  const readCount = (half: number) => {
    if (half < HALF) return half
    let count = half
    for (;;) {
      const byte = stored[at++]
      if (byte === undefined) throw damaged()
      count += byte
      if (byte < 255) return count
    }
  }
  let start = 0
  let end = 0
  for (let index = 0; index < ids.length; index++) {
    const both = stored[at++]
    if (both === undefined) throw damaged()
    const common = readCount(both >> 4)
    const rest = readCount(both & HALF)
    if (common > end - start || at + rest > stored.length) throw damaged()
    const needed = end + common + rest
    if (needed > keys.length) keys = Buffer.concat([keys, Buffer.allocUnsafe(needed * 2)])
    for (let byte = 0; byte < common; byte++) keys[end + byte] = keys[start + byte] ?? 0
    for (let byte = 0; byte < rest; byte++) keys[end + common + byte] = stored[at + byte] ?? 0
    at += rest
    start = end
    end = needed
    ends[index] = end
  }
  if (at !== stored.length) throw damaged()
  return { ids, keys: keys.subarray(0, end), ends }
}

/** Encodes the entries from `from` to `to`, without `to`. */
export function encodeBlock(entries: Entries, from = 0, to = entries.ids.length): StoredBlock {
  const ids = Buffer.from(entries.ids.slice(from, to).buffer)
  if (IS_BIG_ENDIAN) ids.swap32()
  const { keys } = entries
  // More than the keys can take: two counts of at most 1,024 have a byte together, and five more each.
  const room = endOf(entries, to - 1) - startOf(entries, from) + 11 * (to - from)
  const stored = Buffer.allocUnsafe(room)
  let at = 0
  const writeMore = (count: number) => {
    if (count < HALF) return
    let more = count - HALF
    for (; more >= 255; more -= 255) stored[at++] = 255
    stored[at++] = more
  }
  for (let index = from; index < to; index++) {
    const [start, end] = [startOf(entries, index), endOf(entries, index)]
    const common = index === from ? 0 : commonBytes(entries, index)
    const rest = end - start - common
    stored[at++] = (Math.min(common, HALF) << 4) | Math.min(rest, HALF)
    writeMore(common)
    writeMore(rest)
    for (let byte = start + common; byte < end; byte++) stored[at++] = keys[byte] ?? 0
  }
  return { ids, keys: stored.subarray(0, at) }
}

const endOf = ({ ends }: Entries, index: number) => ends[index] ?? 0
const startOf = (entries: Entries, index: number) => (index === 0 ? 0 : endOf(entries, index - 1))

export const keyAt = (entries: Entries, index: number): Buffer =>
  entries.keys.subarray(startOf(entries, index), endOf(entries, index))

/** With how many bytes a key begins as the key before it does. */
function commonBytes(entries: Entries, index: number): number {
  const { keys } = entries
  const before = startOf(entries, index - 1)
  const start = startOf(entries, index)
  const most = Math.min(start - before, endOf(entries, index) - start)
  let common = 0
  while (common < most && keys[before + common] === keys[start + common]) common++
  return common
}

/** Bytes that a key takes. */
function keyCost(entries: Entries, index: number, isFirst: boolean): number {
  const common = isFirst ? 0 : commonBytes(entries, index)
  const rest = endOf(entries, index) - startOf(entries, index) - common
  return 1 + moreBytes(common) + moreBytes(rest) + rest
}

const moreBytes = (count: number) => (count < HALF ? 0 : 1 + Math.floor((count - HALF) / 255))

/** Bytes of the ids and keys of a block. */
export const sizeOf = ({ ids, keys }: StoredBlock): number => ids.length + keys.length

export function toEntries(list: readonly KeyedId[]): Entries {
  let length = 0
  return {
    ids: Uint32Array.from(list, ({ id }) => id),
    keys: Buffer.concat(list.map(({ key }) => key)),
    ends: Uint32Array.from(list, ({ key }) => {
      length += key.length
      return length
    }),
  }
}

/**
 * Inserts entries and removes others.
 *
 * @param changes in order, each entry once. An entry that is new may be there already, and one that is removed may not
 * @returns the entries, and whether all new ones are behind those that were there
 */
export function mergeEntries(
  entries: Entries,
  changes: readonly (KeyedId & { isNew: boolean })[],
): { merged: Entries; isAppended: boolean } {
  const count = entries.ids.length
  let added = 0
  let addedBytes = 0
  for (const { key, isNew } of changes) {
    if (!isNew) continue
    added++
    addedBytes += key.length
  }
  const ids = new Uint32Array(count + added)
  const ends = new Uint32Array(count + added)
  const keys = Buffer.allocUnsafe(entries.keys.length + addedBytes)
  let length = 0
  let end = 0
  let at = 0
  const copyUpTo = (next: number) => {
    if (next === at) return
    const [start, stop] = [startOf(entries, at), endOf(entries, next - 1)]
    ids.set(entries.ids.subarray(at, next), length)
    keys.set(entries.keys.subarray(start, stop), end)
    const shift = end - start
    for (let index = at; index < next; index++) ends[length++] = endOf(entries, index) + shift
    end += stop - start
  }
  let isAppended = true
  for (const change of changes) {
    const place = findPlace(entries, change, at)
    copyUpTo(place)
    at = place < count && compareAt(entries, place, change) === 0 ? place + 1 : place
    if (!change.isNew) continue
    if (place < count) isAppended = false
    ids[length] = change.id
    keys.set(change.key, end)
    end += change.key.length
    ends[length++] = end
  }
  copyUpTo(count)
  const merged = {
    ids: ids.subarray(0, length),
    keys: keys.subarray(0, end),
    ends: ends.subarray(0, length),
  }
  return { merged, isAppended }
}

/** The index of the first entry that is not before the given one. */
function findPlace(entries: Entries, entry: KeyedId, from: number): number {
  let [low, high] = [from, entries.ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareAt(entries, middle, entry) < 0) low = middle + 1
    else high = middle
  }
  return low
}

const compareAt = (entries: Entries, index: number, { key, id }: KeyedId) =>
  entries.keys.compare(key, 0, key.length, startOf(entries, index), endOf(entries, index)) ||
  (entries.ids[index] ?? 0) - id

export const compareEntries = (one: KeyedId, other: KeyedId): number =>
  Buffer.compare(one.key, other.key) || one.id - other.id

/**
 * Cuts entries into pieces that fit into a block each.
 *
 * @param entries at least one
 * @param filling how full the pieces are, from 0 to 1, if there is more than one. 1 for entries that were appended to
 *   a list, because the next ones will come behind them
 * @returns where each piece begins and ends
 */
export function cutEntries(entries: Entries, filling = CUT_FILLING): [number, number][] {
  const count = entries.ids.length
  const total = sizeOf(encodeBlock(entries))
  const aim =
    filling === 1 ? MAX_BLOCK_BYTES : total / Math.ceil(total / (filling * MAX_BLOCK_BYTES))
  const pieces: [number, number][] = []
  let from = 0
  let bytes = 0
  for (let index = 0; index < count; index++) {
    let cost = ID_BYTES + keyCost(entries, index, index === from)
    if (index > from && (bytes >= aim || bytes + cost > MAX_BLOCK_BYTES)) {
      pieces.push([from, index])
      from = index
      bytes = 0
      cost = ID_BYTES + keyCost(entries, index, true)
    }
    bytes += cost
  }
  pieces.push([from, count])
  return pieces
}

/** Two neighbours as one block. */
export function joinBlocks(one: StoredBlock, other: StoredBlock): Entries {
  const [left, right] = [decodeBlock(one), decodeBlock(other)]
  const shift = left.keys.length
  const ends = new Uint32Array(left.ends.length + right.ends.length)
  ends.set(left.ends)
  for (const [index, end] of right.ends.entries()) ends[left.ends.length + index] = end + shift
  const ids = new Uint32Array(ends.length)
  ids.set(left.ids)
  ids.set(right.ids, left.ids.length)
  return { ids, keys: Buffer.concat([left.keys, right.keys]), ends }
}
