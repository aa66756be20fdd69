/** Recently used values. The bytes of the values and their keys are bounded together. */
export interface Recent<Value> {
  /** Counts as a use. */
  get(key: string): Value | undefined
  /** Does not count as a use. If values are only peeked at, the oldest one is dropped first. */
  peek(key: string): Value | undefined
  /** @param bytes of the value; a value over a sixteenth of the bound is not kept */
  set(key: string, value: Value, bytes: number): void
  delete(key: string): void
  clear(): void
  /** Bytes of all entries, as `costOf` counts them. */
  readonly total: number
}

/** How often a cache had a value and how often not, for metrics. */
export interface CacheUse {
  hits: number
  misses: number
}

export const createCacheUse = (): CacheUse => ({ hits: 0, misses: 0 })

/** A larger value would drive out too many others. */
const MAX_SHARE = 1 / 16

/** Approximate bytes that an entry takes besides: its places in the map and the list, and the headers of its objects. */
const ENTRY_BYTES = 180

/** Bytes that a value takes in memory with its key. Each character of the key may take two bytes. */
export const costOf = (key: string, bytes: number): number => ENTRY_BYTES + 2 * key.length + bytes

/** A value with its neighbours in the order of use. */
interface Entry<Value> {
  readonly key: string
  value: Value
  cost: number
  older: Entry<Value> | undefined
  newer: Entry<Value> | undefined
}

/**
 * Keeps values, and drops the least recently used ones first.
 *
 * The order of use is a linked list. A Map keeps the order of insertion, but a key that is deleted and set again at each
 * use makes it slow: V8 leaves deleted keys in the chain of their hash until the Map is full.
 *
 * @param maxBytes of all entries together; 0 keeps nothing
 */
export function createRecent<Value>(maxBytes: number): Recent<Value> {
  const kept = new Map<string, Entry<Value>>()
  let oldest: Entry<Value> | undefined
  let newest: Entry<Value> | undefined
  let total = 0

  function unlink({ older, newer }: Entry<Value>) {
    if (older) older.newer = newer
    else oldest = newer
    if (newer) newer.older = older
    else newest = older
  }

  function append(entry: Entry<Value>) {
    entry.older = newest
    entry.newer = undefined
    if (newest) newest.newer = entry
    else oldest = entry
    newest = entry
  }

  function use(entry: Entry<Value>) {
    if (entry === newest) return
    unlink(entry)
    append(entry)
  }

  function drop(key: string) {
    const entry = kept.get(key)
    if (!entry) return
    total -= entry.cost
    kept.delete(key)
    unlink(entry)
  }

  return {
    get(key) {
      const entry = kept.get(key)
      if (entry) use(entry)
      return entry?.value
    },
    peek: (key) => kept.get(key)?.value,
    set(key, value, bytes) {
      const cost = costOf(key, bytes)
      if (cost > maxBytes * MAX_SHARE) return drop(key)
      const known = kept.get(key)
      total += cost - (known?.cost ?? 0)
      if (known) {
        Object.assign(known, { value, cost })
        use(known)
      } else {
        const entry = { key, value, cost, older: undefined, newer: undefined }
        kept.set(key, entry)
        append(entry)
      }
      while (total > maxBytes && oldest) drop(oldest.key)
    },
    delete: drop,
    clear() {
      kept.clear()
      oldest = undefined
      newest = undefined
      total = 0
    },
    get total() {
      return total
    },
  }
}
