/** Larger ones would drive out too many others; they are read anew each time. */
const MAX_PART_OF_CACHE = 1 / 16

export interface ObjectCache {
  /**
   * The whole object, from memory if it was read lately. One that is being read already is not read
   * again. Nobody may write to what is returned.
   * @throws as the function that reads
   */
  read(key: string, size: number): Buffer | Promise<Buffer>
  /** The same, if it is in memory. */
  recall(key: string): Buffer | undefined
  /** For metrics: bytes that are kept. */
  readonly bytes: number
}

/**
 * Keeps objects in memory that were read lately. A key never stands for other bytes, so what is kept
 * is right for ever; whether an object may be shown is for the caller to know, by the row that names
 * its key, before every use.
 *
 * @param readObject reads one that is not kept
 * @param maxBytes that are kept in all; 0 keeps nothing
 */
export function createObjectCache(
  readObject: (key: string, size: number) => Promise<Buffer>,
  maxBytes: number,
): ObjectCache {
  /** The least recently used first: a Map keeps the order of insertion. */
  const kept = new Map<string, Buffer>()
  const reading = new Map<string, Promise<Buffer>>()
  let total = 0

  function keep(key: string, bytes: Buffer) {
    if (bytes.length > maxBytes * MAX_PART_OF_CACHE) return
    kept.set(key, bytes)
    total += bytes.length
    for (const [oldest, { length }] of kept) {
      if (total <= maxBytes) break
      kept.delete(oldest)
      total -= length
    }
  }

  async function load(key: string, size: number): Promise<Buffer> {
    try {
      const bytes = await readObject(key, size)
      keep(key, bytes)
      return bytes
    } finally {
      reading.delete(key)
    }
  }

  function recall(key: string): Buffer | undefined {
    const known = kept.get(key)
    if (known) {
      kept.delete(key)
      kept.set(key, known)
    }
    return known
  }

  return {
    recall,
    read(key, size) {
      const known = recall(key)
      if (known) return known
      const underWay = reading.get(key)
      if (underWay) return underWay
      const loading = load(key, size)
      reading.set(key, loading)
      return loading
    },
    get bytes() {
      return total
    },
  }
}
