import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { createPace, inBatches } from './pace.ts'

/** A pace by a clock that only the work moves, in an order that batches of 10 begin. */
async function openPace() {
  let now = 1000
  const pace = createPace(await openTemporaryDatabase(), () => now)
  return {
    ...pace,
    /** A batch of which each item takes so many milliseconds. */
    async work(each: number) {
      const size = pace.batch()
      await pace.database.write(async () => {
        now += size * each
      })
      pace.adapt()
      await pace.pause()
      return size
    },
  }
}

it('batches grow while they are quick, and shrink at once when they are slow', async () => {
  const { work, batch } = await openPace()
  const sizes = []
  for (let count = 0; count < 5; count++) sizes.push(await work(0.25))
  expect(sizes).toEqual([10, 20, 40, 60, 60])
  expect(await work(3)).toBe(60)
  expect(batch()).toBe(5)
  await work(100)
  expect(batch()).toBe(1)
  for (let count = 0; count < 12; count++) await work(0)
  expect(batch()).toBe(500)
})

it('what waits for the lock counts for nothing, and what fails counts', async () => {
  const { database, adapt, batch } = await openPace()
  const failing = database.write(async () => {
    throw new Error('It fails.')
  })
  await expect(failing).rejects.toThrow('It fails.')
  adapt()
  expect(batch()).toBe(20)
})

it('slices are cut into batches of what is wanted at that moment', async () => {
  let size = 2
  async function* slices() {
    yield [1, 2, 3]
    yield []
    yield [4, 5, 6, 7, 8]
  }
  const batches = []
  for await (const batch of inBatches(slices(), () => size)) {
    batches.push(batch)
    size += 1
  }
  expect(batches).toEqual([[1, 2], [3], [4, 5, 6, 7], [8]])
})
