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

/** Approximate bytes that an entry takes besides: its place in the map, and the headers of its objects. */
const ENTRY_BYTES = 150

/** Bytes that a value takes in memory with its key. Each character of the key may take two bytes. */
export const costOf = (key: string, bytes: number): number => ENTRY_BYTES + 2 * key.length + bytes

/**
 * Keeps values, and drops the least recently used ones first.
 * @param maxBytes of all entries together; 0 keeps nothing
 */
export function createRecent<Value>(maxBytes: number): Recent<Value> {
  /** Least recently used first: a Map keeps the order of insertion. */
  const kept = new Map<string, { value: Value; cost: number }>()
  let total = 0

  function drop(key: string) {
    total -= kept.get(key)?.cost ?? 0
    kept.delete(key)
  }

  return {
    get(key) {
      const entry = kept.get(key)
      if (!entry) return undefined
      kept.delete(key)
      kept.set(key, entry)
      return entry.value
    },
    peek: (key) => kept.get(key)?.value,
    set(key, value, bytes) {
      drop(key)
      const cost = costOf(key, bytes)
      if (cost > maxBytes * MAX_SHARE) return
      kept.set(key, { value, cost })
      total += cost
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) return
        drop(oldest)
      }
    },
    delete: drop,
    clear() {
      kept.clear()
      total = 0
    },
    get total() {
      return total
    },
  }
}
