import { describe, expect, it } from 'vitest'
import { parametersInvalid, serviceBusy } from '../../base/errors.ts'
import { type BulkWork, noSuchItem, runBulk } from './bulk.ts'

async function* batchesOf(...batches: number[][]) {
  yield* batches
}

const bulk = (changes: Partial<BulkWork>): BulkWork => ({
  total: 5,
  batches: batchesOf([1, 2], [3, 4], [5]),
  work: async () => [],
  pause: async () => {},
  message: 'Done',
  explain: (error) => ({ data: String(error), code: 500, error: 'fault' }),
  signal: new AbortController().signal,
  ...changes,
})

async function run(changes: Partial<BulkWork>) {
  const lines = await Array.fromAsync(runBulk(bulk(changes)))
  for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/)
  return lines.map((line) => JSON.parse(line))
}

describe('work on many items', () => {
  it('reports its progress and its result', async () => {
    const worked: (readonly number[])[] = []
    const lines = await run({
      async work(ids) {
        worked.push(ids)
        if (ids.includes(5)) return [{ id: 5, name: 'Five', error: parametersInvalid('No.') }]
        return ids.includes(4) ? [noSuchItem(4)] : []
      },
    })
    expect(lines).toEqual([
      { done: 0, failures: 0, total: 5 },
      { done: 2, failures: 0, total: 5 },
      { done: 3, failures: 1, total: 5 },
      { done: 3, failures: 2, total: 5 },
      {
        data: 'Done',
        code: 200,
        done: 3,
        failures: 2,
        failed: [
          {
            id: 4,
            data: 'Media not found',
            code: 404,
            error: 'media-not-found',
            detail: 'There is no media item with id 4.',
          },
          {
            id: 5,
            name: 'Five',
            data: 'Invalid parameters',
            code: 400,
            error: 'parameters-invalid',
            detail: 'No.',
          },
        ],
      },
    ])
    expect(worked).toEqual([[1, 2], [3, 4], [5]])
  })

  it('never reports more items than the total, even if more match meanwhile', async () => {
    const lines = await run({ total: 3 })
    expect(lines.slice(0, -1).map(({ done, total }) => [done, total])).toEqual([
      [0, 3],
      [2, 3],
      [4, 4],
      [5, 5],
    ])
  })

  it('is done at once where there is nothing to do', async () => {
    expect(await run({ total: 0, batches: batchesOf() })).toEqual([
      { done: 0, failures: 0, total: 0 },
      { data: 'Done', code: 200, done: 0, failures: 0, failed: [] },
    ])
  })

  it('counts more failures than it lists', async () => {
    const ids = Array.from({ length: 1100 }, (_, index) => index + 1)
    const failed = async (ids: readonly number[]) =>
      ids.map((id) => ({ id, error: parametersInvalid('No.') }))
    const lines = await run({
      batches: batchesOf(ids.slice(0, 700), ids.slice(700)),
      work: failed,
    })
    const last = lines.at(-1)
    expect(last).toMatchObject({ done: 0, failures: 1100 })
    expect(last.failed.map(({ id }: { id: number }) => id)).toEqual(ids.slice(0, 1000))
  })

  it('reports an error that ends it early', async () => {
    let batch = 0
    const lines = await run({
      async work() {
        batch += 1
        if (batch === 2) throw new Error('The disk is gone.')
        return []
      },
    })
    expect(lines).toEqual([
      { done: 0, failures: 0, total: 5 },
      { done: 2, failures: 0, total: 5 },
      {
        data: 'Error: The disk is gone.',
        code: 500,
        error: 'fault',
        done: 2,
        failures: 0,
        failed: [],
      },
    ])
    expect(batch).toBe(2)
  })

  it('ends after the running batch when its signal is aborted', async () => {
    const stop = new AbortController()
    const lines = await run({
      signal: stop.signal,
      async work() {
        stop.abort(serviceBusy('The server is being stopped.'))
        return []
      },
    })
    expect(lines.slice(1)).toEqual([
      { done: 2, failures: 0, total: 5 },
      {
        data: 'AppError: Service busy',
        code: 500,
        error: 'fault',
        done: 2,
        failures: 0,
        failed: [],
      },
    ])
  })

  it('stops when its reader leaves', async () => {
    const worked: number[] = []
    const lines = runBulk(
      bulk({
        async work(ids) {
          worked.push(...ids)
          return []
        },
      }),
    )
    await lines.next()
    await lines.next()
    await lines.return(undefined)
    expect(worked).toEqual([1, 2])
  })

  it('concludes once, before its result, however it ends', async () => {
    let concluded = 0
    const conclude = async () => void concluded++
    await run({ conclude })
    expect(concluded).toBe(1)
    const work = () => Promise.reject(new Error('The disk is gone.'))
    await run({ conclude, work })
    expect(concluded).toBe(2)
    const lines = runBulk(bulk({ conclude }))
    await lines.next()
    await lines.return(undefined)
    expect(concluded).toBe(3)
    const failing = await run({ conclude: () => Promise.reject(new Error('No entry.')) })
    expect(failing.at(-1)).toMatchObject({ data: 'Error: No entry.', code: 500, done: 5 })
  })
})
