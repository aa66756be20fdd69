import { createCacheUse, createRecent } from '../base/recent.ts'

export interface ObjectCache {
  /**
   * The whole object, from memory if it was read lately, and then without a promise. One that is being read already is not read
   * again. Nobody may write to what is returned.
   *
   * @param readOnce reads an object that is not to be kept before it is asked for again, and returns what
   *   is the caller's alone
   * @throws as the function that reads
   */
  read(key: string, size: number, readOnce?: () => Promise<Buffer>): Buffer | Promise<Buffer>
  /** Of all that are kept, with what keeping them takes. */
  readonly bytes: number
}

/**
 * Keeps objects in memory that were read lately. A key never stands for other bytes, so what is kept
 * is right for ever; whether an object may be shown is for the caller to know, by the row that names
 * its key, before every use.
 *
 * @param readObject reads one that is not kept
 * @param maxBytes that are kept in all; 0 keeps nothing. See `createRecent` for what is too large
 * @param use counts; what is being read for somebody else already is there
 */
export function createObjectCache(
  readObject: (key: string, size: number) => Promise<Buffer>,
  maxBytes: number,
  use = createCacheUse(),
): ObjectCache {
  const kept = createRecent<Buffer>(maxBytes)
  /** What `readOnce` has read; as much as could have been kept, had it been. */
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
