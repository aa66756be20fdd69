import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Between one collection and the next. */
const COLLECTED_BYTES = 4 * 1024 * 1024

/**
 * Frees the memory of buffers that have been used: chunks of uploads that were read, parts of lists
 * that were sent. It lies outside of V8's heap, of which they hardly take anything, so V8 would let
 * tens of megabytes of them gather, and free them by full collections, one for every few uploads. One
 * of the young generation alone takes a millisecond.
 *
 * @returns a function to be told how many bytes have been used, or soon will have been
 */
export function createSpentBytes(): (bytes: number) => void {
  let spent = 0
  return (bytes) => {
    spent += bytes
    if (spent < COLLECTED_BYTES) return
    spent = 0
    collectYoung({ type: 'minor' })
  }
}

const collectYoung = findCollector()

/** https://nodejs.org/api/v8.html#v8setflagsfromstringflags: what Node gives only to who asks for it. */
function findCollector(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc')
  try {
    return runInNewContext('gc')
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
