import { type AppError, mediaNotFound } from '../../base/errors.ts'
import { bodyOf, type ErrorBody } from '../../http/answer/render-errors.ts'

/** Further failures are counted, but not listed: an answer must not grow with the library. */
const MAX_FAILURES_TOLD = 1000

/** An item that failed, while the work goes on with the others. */
export interface FailedItem {
  id: number
  /** If the item exists. */
  name?: string
  error: AppError
}

export const noSuchItem = (id: number): FailedItem => ({
  id,
  error: mediaNotFound(`There is no media item with id ${id}.`),
})

export interface BulkWork {
  /** How many items there are to work on, as known at the beginning. */
  total: number
  /** Their ids, batch by batch. */
  batches: AsyncIterable<readonly number[]>
  /**
   * Does the work for one batch.
   * @returns the items that failed; if it rejects, the work ends there
   */
  work(ids: readonly number[]): Promise<FailedItem[]>
  /** Gives others a turn, between two batches. */
  pause(): Promise<void>
  /** Called once, after the last batch, however the work ends: also by an error, or because the reader left. */
  conclude?: (() => Promise<void>) | undefined
  /** The message of the result when all items have been worked on. */
  message: string
  /** Returns the result for an error that ends the work early. */
  explain(error: unknown): ErrorBody
  /** Ends the work after the running batch. Its reason goes to `explain`. */
  signal: AbortSignal
}

/**
 * Works on any number of items and reports its progress as lines of JSON: `{"done", "failures", "total"}` at
 * the beginning and after each batch, and at the end the response model with `done`, `failures` and the
 * failures themselves. If the reader stops reading, the work stops after the running batch. Finished batches
 * are not undone.
 */
export async function* runBulk(bulk: BulkWork): AsyncGenerator<string> {
  const { total, batches, work, pause, message, explain, signal } = bulk
  let conclude = bulk.conclude
  let done = 0
  let failures = 0
  const failed: ({ id: number; name?: string } & ErrorBody)[] = []
  const tell = (line: object) => `${JSON.stringify(line)}\n`
  const end = (answer: Omit<ErrorBody, 'error'>) => tell({ ...answer, done, failures, failed })

  // More items may match meanwhile.
  const progress = () => tell({ done, failures, total: Math.max(total, done + failures) })
  const concludeOnce = async () => {
    const last = conclude
    conclude = undefined
    await last?.()
  }
  try {
    yield progress()
    for await (const ids of batches) {
      if (done + failures > 0) await pause()
      signal.throwIfAborted()
      const failedNow = await work(ids)
      done += ids.length - failedNow.length
      failures += failedNow.length
      for (const { error, ...item } of failedNow.slice(0, MAX_FAILURES_TOLD - failed.length)) {
        failed.push({ ...item, ...bodyOf(error) })
      }
      yield progress()
    }
    await concludeOnce()
  } catch (error) {
    await concludeOnce()
    yield end(explain(error))
    return
  } finally {
    await concludeOnce()
  }
  yield end({ data: message, code: 200 })
}
