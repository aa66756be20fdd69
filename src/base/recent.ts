/** Values used lately, up to a bound of the bytes that they and their keys take together. */
export interface Recent<Value> {
  /** Counts as a use. */
  get(key: string): Value | undefined
  /** Does not: where nothing else is asked for, what was set first goes first. */
  peek(key: string): Value | undefined
  /** @param bytes of the value; what takes more than a sixteenth of the bound is not kept */
  set(key: string, value: Value, bytes: number): void
  delete(key: string): void
  clear(): void
  /** Bytes of all that is kept, as `costOf` counts them. */
  readonly total: number
}

/** How often what was asked for was there, and how often not, for metrics. */
export interface CacheUse {
  hits: number
  misses: number
}

export const createCacheUse = (): CacheUse => ({ hits: 0, misses: 0 })

/** One that would drive out too many others is not worth it. */
const MAX_SHARE = 1 / 16

/** What keeping something takes besides, about: its place in a map, and the heads of its objects. */
const ENTRY_BYTES = 150

/** Bytes that a value takes in memory with its key, of which each character may take two. */
export const costOf = (key: string, bytes: number): number => ENTRY_BYTES + 2 * key.length + bytes

/**
 * Keeps values, and drops those first that were not used for longest.
 * @param maxBytes of all together; 0 keeps nothing
 */
export function createRecent<Value>(maxBytes: number): Recent<Value> {
  /** The one not used for longest first: a Map keeps the order of insertion. */
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
