import type { Metrics } from '../base/metrics.ts'
import type { Storage } from './storage.ts'

/** Error codes of a stream whose reader has left. They are not faults of storage. */
const READER_LEFT = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/**
 * Wraps storage to measure how long each operation takes and how often it fails. A range past the end does
 * not count as a failure; a missing object does.
 */
export function measureStorage(storage: Storage, metrics: Metrics): Storage {
  const observe = metrics.time({
    name: 'vitrine_storage_seconds',
    help: 'Time that storage took, by operation; for open, until the first byte can be read',
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

  const { lendTo, unlink } = storage
  return {
    ...storage,
    put: (...given) => timed('put', () => storage.put(...given)),
    read: (...given) => timed('read', () => storage.read(...given)),
    ...(lendTo && { lendTo: (...given) => timed('lend', () => lendTo(...given)) }),
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
    // Only errors are counted: the time of a list would include the pauses of its reader.
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
