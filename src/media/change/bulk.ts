import { type AppError, mediaNotFound } from '../../base/errors.ts'
import { bodyOf, type ErrorBody } from '../../http/answer/render-errors.ts'

/** More failures than these are counted, not told: an answer must not grow with the library. */
const MAX_FAILURES_TOLD = 1000

/** An item of which the work failed, while it goes on with the others. */
export interface FailedItem {
  id: number
  /** Of an item that is there. */
  name?: string
  error: AppError
}

export const noSuchItem = (id: number): FailedItem => ({
  id,
  error: mediaNotFound(`There is no media item with id ${id}.`),
})

export interface BulkWork {
  /** How many items there are to work on, as far as is known. */
  total: number
  /** Their ids, batch by batch. */
  batches: AsyncIterable<readonly number[]>
  /**
   * Does the work for one batch.
   * @returns those of which it failed; if it rejects, the work ends there
   */
  work(ids: readonly number[]): Promise<FailedItem[]>
  /** Gives others a turn, between two batches. */
  pause(): Promise<void>
  /** What is said when everything has been worked on. */
  message: string
  /** What is said when it ends early. */
  explain(error: unknown): ErrorBody
  /** Ends the work after the batch that is under way; its reason is explained. */
  signal: AbortSignal
}

/**
 * Works on any number of items and tells how far it is, as lines of JSON: `{"done", "failures",
 * "total"}` at the beginning and after each batch, and in the end the response model with `done`,
 * `failures` and the failures themselves. Whoever stops reading stops the work after the batch that
 * is under way. What is done stays done.
 */
export async function* runBulk(bulk: BulkWork): AsyncGenerator<string> {
  const { total, batches, work, pause, message, explain, signal } = bulk
  let done = 0
  let failures = 0
  const failed: ({ id: number; name?: string } & ErrorBody)[] = []
  const tell = (line: object) => `${JSON.stringify(line)}\n`
  const end = (answer: ErrorBody) => tell({ ...answer, done, failures, failed })

  // More may come to match meanwhile.
  const progress = () => tell({ done, failures, total: Math.max(total, done + failures) })
  yield progress()
  let isFirst = true
  try {
    for await (const ids of batches) {
      if (!isFirst) await pause()
      isFirst = false
      signal.throwIfAborted()
      const failedNow = await work(ids)
      done += ids.length - failedNow.length
      failures += failedNow.length
      for (const { error, ...item } of failedNow.slice(0, MAX_FAILURES_TOLD - failed.length)) {
        failed.push({ ...item, ...bodyOf(error) })
      }
      yield progress()
    }
  } catch (error) {
    yield end(explain(error))
    return
  }
  yield end({ data: message, code: 200 })
}
