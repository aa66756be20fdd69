import { createContext, Script } from 'node:vm'

/** @throws Error if the work takes too long; the error of the work */
export type WithinTime = <T>(work: () => T) => T

/**
 * Returns a function that runs work and ends it after some time, even if it never yields. A context of Node's is the
 * only way to that within one process.
 * @param timeout milliseconds
 */
export function limitTime(timeout: number): WithinTime {
  const context = createContext({})
  const call = new Script('work()')
  return (work) => {
    context.work = work
    try {
      return call.runInContext(context, { timeout })
    } finally {
      context.work = undefined
    }
  }
}
