import { expect, it } from 'vitest'
import { createBatcher } from './batcher.ts'

it('works once on items that arrive together, and gives each its own result', async () => {
  const batches: number[][] = []
  const double = createBatcher(async (items: readonly number[]) => {
    batches.push([...items])
    return items.map((item) => 2 * item)
  })
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6])
  expect(await double(4)).toBe(8)
  expect(batches).toEqual([[1, 2, 3], [4]])
})

it('rejects every item of a batch that fails, and no item of the next one', async () => {
  const work = createBatcher(async (items: readonly string[]) => {
    if (items.includes('bad')) throw new Error('It is bad.')
    return items
  })
  const results = await Promise.allSettled([work('good'), work('bad')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await work('good')).toBe('good')
})

it('begins a batch when the one before is done', async () => {
  const begun: string[] = []
  const first = Promise.withResolvers<void>()
  const isFirstBegun = Promise.withResolvers<void>()
  const work = createBatcher(async (items: readonly string[]) => {
    begun.push(...items)
    isFirstBegun.resolve()
    if (items.includes('first')) await first.promise
    return items.map((item) => `${item}, after ${begun.join(' and ')}`)
  })
  const one = work('first')
  await isFirstBegun.promise
  const two = work('second')
  first.resolve()
  expect(await one).toBe('first, after first')
  expect(await two).toBe('second, after first and second')
})
