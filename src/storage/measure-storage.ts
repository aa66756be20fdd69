import type { Metrics } from '../base/metrics.ts'
import type { Storage } from './storage.ts'

/** By which a stream says that whoever read it has left: no fault of storage. */
const READER_LEFT = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/**
 * The same storage, of which metrics tell how long each operation takes and how often it fails. What is
 * asked for in vain (a range past the end) is no failure; an object that is missing is one.
 */
export function measureStorage(storage: Storage, metrics: Metrics): Storage {
  const observe = metrics.time({
    name: 'vitrine_storage_seconds',
    help: 'Time that storage took, by operation; of open, until the first byte can be read',
    labels: ['operation'],
  })
  const countError = metrics.count({
    name: 'vitrine_storage_errors_total',
    help: 'Operations of storage that failed',
    labels: ['operation'],
  })

  async function timed<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now()
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RangeError)) countError({ operation })
      throw error
    } finally {
      observe({ operation }, (performance.now() - began) / 1000)
    }
  }

  const { unlink } = storage
  return {
    ...storage,
    put: (...given) => timed('put', () => storage.put(...given)),
    read: (...given) => timed('read', () => storage.read(...given)),
    size: (key) => timed('size', () => storage.size(key)),
    remove: (keys) => timed('remove', () => storage.remove(keys)),
    ...(unlink && { unlink: (keys) => timed('unlink', () => unlink(keys)) }),
    setAside: (name) => timed('set-aside', () => storage.setAside(name)),
    check: () => timed('check', storage.check),
    async open(...given) {
      const opened = await timed('open', () => storage.open(...given))
      opened.stream.once('error', (error: NodeJS.ErrnoException) => {
        if (!READER_LEFT.has(error.code ?? '')) countError({ operation: 'open' })
      })
      return opened
    },
    // Each pause of the reader is in its time, so only that it failed is told.
    async *list() {
      try {
        yield* storage.list()
      } catch (error) {
        countError({ operation: 'list' })
        throw error
      }
    },
  }
}
