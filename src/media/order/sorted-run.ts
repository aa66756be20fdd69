import type { Entries, KeyedId } from './blocks.ts'

/** Entries that are gathered in any order, in few bytes each. */
export interface SortedRun {
  readonly count: number
  /** Bytes that it takes in memory, about. */
  readonly bytes: number
  add(entry: KeyedId): void
  /** Yields all entries in order, in pieces. Nothing may be added afterwards. */
  inOrder(pieceSize: number): Iterable<Entries>
}

/** An id, the beginning of the key as a number, the end of the key, and the place in the order. */
const ENTRY_BYTES = 4 + 8 + 4 + 4
const PREFIX_BYTES = 6
const FIRST_ENTRIES = 1024
const FIRST_BYTES = 16 * FIRST_ENTRIES

export function createSortedRun(): SortedRun {
  let count = 0
  let length = 0
  let ids = new Uint32Array(FIRST_ENTRIES)
  let ends = new Uint32Array(FIRST_ENTRIES)
  /** Comparing numbers is faster than comparing bytes, and mostly suffices. */
  let prefixes = new Float64Array(FIRST_ENTRIES)
  let keys = Buffer.allocUnsafe(FIRST_BYTES)
  const startOf = (index: number) => (index === 0 ? 0 : (ends[index - 1] ?? 0))
  const endOf = (index: number) => ends[index] ?? 0

  function grow() {
    const [oldIds, oldEnds, oldPrefixes] = [ids, ends, prefixes]
    ids = new Uint32Array(count * 2)
    ends = new Uint32Array(count * 2)
    prefixes = new Float64Array(count * 2)
    ids.set(oldIds)
    ends.set(oldEnds)
    prefixes.set(oldPrefixes)
  }

  function growKeys(needed: number) {
    const old = keys
    keys = Buffer.allocUnsafe(needed * 2)
    keys.set(old)
  }

  const compare = (one: number, other: number) =>
    (prefixes[one] ?? 0) - (prefixes[other] ?? 0) ||
    keys.compare(keys, startOf(other), endOf(other), startOf(one), endOf(one)) ||
    (ids[one] ?? 0) - (ids[other] ?? 0)

  function gather(order: Uint32Array): Entries {
    const taken: Entries = {
      ids: new Uint32Array(order.length),
      keys: Buffer.allocUnsafe(
        order.reduce((sum, index) => sum + endOf(index) - startOf(index), 0),
      ),
      ends: new Uint32Array(order.length),
    }
    let at = 0
    for (const [place, index] of order.entries()) {
      taken.ids[place] = ids[index] ?? 0
      const end = endOf(index)
      for (let byte = startOf(index); byte < end; byte++) taken.keys[at++] = keys[byte] ?? 0
      taken.ends[place] = at
    }
    return taken
  }

  return {
    get count() {
      return count
    },
    get bytes() {
      return count * ENTRY_BYTES + length
    },
    add({ key, id }) {
      if (count === ids.length) grow()
      if (length + key.length > keys.length) growKeys(length + key.length)
      keys.set(key, length)
      length += key.length
      ids[count] = id
      ends[count] = length
      prefixes[count] = prefixOf(key)
      count++
    },
    *inOrder(pieceSize) {
      const order = Uint32Array.from({ length: count }, (_, index) => index).sort(compare)
      for (let start = 0; start < count; start += pieceSize) {
        yield gather(order.subarray(start, start + pieceSize))
      }
    },
  }
}

/** The first bytes of a key. Shorter keys go on with 0, which leaves the order as it is, or makes them equal. */
function prefixOf(key: Uint8Array): number {
  let prefix = 0
  for (let byte = 0; byte < PREFIX_BYTES; byte++) prefix = prefix * 256 + (key[byte] ?? 0)
  return prefix
}
