import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Buffer bytes after which garbage is collected. */
const COLLECTED_BYTES = 4 * 1024 * 1024

/**
 * Frees the memory of used buffers: chunks of uploads after reading, parts of lists after sending. Buffers
 * lie outside of V8's heap and hardly grow it, so V8 would let tens of megabytes of them pile up and free
 * them by full collections, one every few uploads. A collection of the young generation takes a millisecond.
 *
 * @returns a function that counts the bytes of buffers that are used, or soon will be, and collects garbage
 *   once there are enough
 */
export function createBufferFreer(): (bytes: number) => void {
  let spent = 0
  return (bytes) => {
    spent += bytes
    if (spent < COLLECTED_BYTES) return
    spent = 0
    collectYoung({ type: 'minor' })
  }
}

const collectYoung = findCollector()

/** Node exposes the collector only on request: https://nodejs.org/api/v8.html#v8setflagsfromstringflags */
function findCollector(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
