/** Values used lately, up to a bound of what they cost together. */
export interface Recent<Value> {
  get(key: string): Value | undefined
  /** @param cost in the unit of the bound; what costs more than a sixteenth of it is not kept */
  set(key: string, value: Value, cost: number): void
  /** What all that is kept costs. */
  readonly total: number
}

/** One that would drive out too many others is not worth it. */
const MAX_SHARE = 1 / 16

/**
 * Keeps values, and drops those first that were not used for longest.
 * @param max of all costs together: bytes, or how many
 */
export function createRecent<Value>(max: number): Recent<Value> {
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
    set(key, value, cost) {
      drop(key)
      if (cost > max * MAX_SHARE) return
      kept.set(key, { value, cost })
      total += cost
      for (const oldest of kept.keys()) {
        if (total <= max) return
        drop(oldest)
      }
    },
    get total() {
      return total
    },
  }
}
