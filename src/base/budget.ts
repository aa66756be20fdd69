import { serviceBusy } from './errors.ts'

/** Gives the amount back. A second call does nothing. */
export type Release = () => void

export interface Budget {
  /**
   * Waits until `amount` fits beside the amounts already taken, first come first served within one priority.
   * An amount over the whole capacity is admitted alone.
   *
   * @param priority lower goes first
   * @throws AppError 503 "Service busy" if too many callers wait already; the signal's reason if it is
   *   aborted
   */
  take(amount: number, options?: { priority?: number; signal?: AbortSignal }): Promise<Release>
  /** How much is taken, and how many callers wait. */
  readonly taken: number
  readonly waiting: number
}

/**
 * A bounded share of a scarce resource (pixels in memory, hashing threads, open snapshots) with a bounded
 * queue, so that overload ends in a clear answer and not in a slow server.
 *
 * @param name of the resource, for the detail of the answer: "image processing"
 * @param queueLimit how many callers may wait within each priority
 */
export function createBudget(name: string, capacity: number, queueLimit: number): Budget {
  interface Waiter {
    amount: number
    priority: number
    admit: () => void
  }
  let taken = 0
  const queue: Waiter[] = []

  const fits = (amount: number) => taken === 0 || taken + amount <= capacity

  const releaseOnce = (amount: number): Release => {
    let done = false
    return () => {
      if (done) return
      done = true
      taken -= amount
      admitNext()
    }
  }

  function admitNext() {
    for (let next = queue[0]; next !== undefined && fits(next.amount); next = queue[0]) {
      queue.shift()
      next.admit()
    }
  }

  return {
    get taken() {
      return taken
    },
    get waiting() {
      return queue.length
    },
    take(amount, { priority = 0, signal } = {}) {
      signal?.throwIfAborted()
      // No overtaking: a small request that would fit still waits behind a large one.
      if (queue.length === 0 && fits(amount)) {
        taken += amount
        return Promise.resolve(releaseOnce(amount))
      }
      const ahead = queue.filter((other) => other.priority === priority).length
      if (ahead >= queueLimit) {
        return Promise.reject(serviceBusy(`Too much ${name} is waiting already; try again soon.`))
      }
      return new Promise((resolve, reject) => {
        const abort = () => {
          queue.splice(queue.indexOf(waiter), 1)
          reject(signal?.reason)
          admitNext()
        }
        const waiter: Waiter = {
          amount,
          priority,
          admit: () => {
            signal?.removeEventListener('abort', abort)
            taken += amount
            resolve(releaseOnce(amount))
          },
        }
        signal?.addEventListener('abort', abort, { once: true })
        const behind = queue.findIndex((other) => other.priority > priority)
        queue.splice(behind === -1 ? queue.length : behind, 0, waiter)
      })
    },
  }
}
