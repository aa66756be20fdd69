/** How long an item waits for others to share its transaction. */
const WAIT_MS = 100

/**
 * Collects single items into batches. An item waits `WAIT_MS` for others, and until the batch before is done.
 *
 * @param work returns the results in the order of the items; an error rejects every item of the batch
 * @returns adds an item and resolves with its result
 */
export function createBatcher<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let waiting: { item: Item; done: PromiseWithResolvers<Result> }[] = []
  let last: Promise<void> = Promise.resolve()

  async function workOnAll() {
    const batch = waiting
    waiting = []
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, result] of results.entries()) batch[index]?.done.resolve(result)
    } catch (error) {
      for (const { done } of batch) done.reject(error)
    }
  }

  return (item) => {
    const done = Promise.withResolvers<Result>()
    if (waiting.length === 0) {
      setTimeout(() => {
        last = last.then(workOnAll)
      }, WAIT_MS)
    }
    waiting.push({ item, done })
    return done.promise
  }
}
