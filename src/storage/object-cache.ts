import { createCacheUse, createRecent } from '../base/recent.ts'

export interface ObjectCache {
  /**
   * Returns the whole object: a buffer if it is in memory, else a promise. Concurrent reads of one object
   * share one read of storage. The caller must not write to the buffer.
   *
   * @param readOnce reads the object for this caller alone. With it, the cache keeps the object only when
   *   it is requested again
   * @throws the error of the function that reads
   */
  read(key: string, size: number, readOnce?: () => Promise<Buffer>): Buffer | Promise<Buffer>
  /** Bytes of all kept objects, including the overhead of their entries. */
  readonly bytes: number
}

/**
 * Keeps recently read objects in memory. The bytes of a key never change, so an entry never becomes stale.
 * Before every use, the caller must check that a row still names the key.
 *
 * @param readObject reads an object that is not kept
 * @param maxBytes most bytes kept; 0 keeps nothing. See `createRecent` for objects that are too large
 * @param use counts hits and misses. An object that another caller is reading counts as a hit
 */
export function createObjectCache(
  readObject: (key: string, size: number) => Promise<Buffer>,
  maxBytes: number,
  use = createCacheUse(),
): ObjectCache {
  const kept = createRecent<Buffer>(maxBytes)
  /** Keys that `readOnce` has read. The bound is the same as if the objects had been kept. */
  const seen = createRecent<true>(maxBytes)
  const reading = new Map<string, Promise<Buffer>>()

  async function load(key: string, size: number): Promise<Buffer> {
    try {
      const bytes = await readObject(key, size)
      kept.set(key, bytes, bytes.length)
      return bytes
    } finally {
      reading.delete(key)
    }
  }

  return {
    read(key, size, readOnce) {
      const known = kept.get(key)
      const there = known ?? reading.get(key)
      if (there) {
        use.hits++
        return there
      }
      use.misses++
      if (readOnce && !seen.get(key)) {
        seen.set(key, true, size)
        return readOnce()
      }
      const loading = load(key, size)
      reading.set(key, loading)
      return loading
    },
    get bytes() {
      return kept.total
    },
  }
}
