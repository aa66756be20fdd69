/** So long what comes waits for company. */
const GATHER_MS = 100

/**
 * Does for many at once what each of them asks for alone. Who asks waits a little for others, and for
 * what is under way.
 *
 * @param work its results are those of the items, in their order; what it throws is thrown to all
 */
export function gather<Item, Result>(
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
      }, GATHER_MS)
    }
    waiting.push({ item, done })
    return done.promise
  }
}
