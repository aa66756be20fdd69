import { expect, it } from 'vitest'
import { onPostgres } from '../../test/postgres.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { createPace, inBatches } from './pace.ts'

/** A pace whose clock only the work moves. Its first batch has 10 items. */
async function openPace() {
  let now = 1000
  const pace = createPace(await openTemporaryDatabase(), () => now)
  return {
    ...pace,
    /** Works on a batch in which each item takes `each` milliseconds. */
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

it('waiting for the lock does not count as holding it, and a write that fails counts', async () => {
  const plain = await openTemporaryDatabase()
  let now = 1000
  const { database, adapt, batch, pause } = createPace(plain, () => now)
  const done = Promise.withResolvers<void>()
  const holding = plain.write(() => done.promise)
  const waiting = database.write(async () => {
    now += 30
  })
  now += 1000
  done.resolve()
  await Promise.all([holding, waiting])
  adapt()
  const lockMs = onPostgres ? 150 : 15
  expect(batch()).toBe(Math.min(20, Math.floor((10 * lockMs) / 30)))
  await pause()

  const failing = database.write(async () => {
    now += 10 * lockMs
    throw new Error('It fails.')
  })
  await expect(failing).rejects.toThrow('It fails.')
  const before = batch()
  adapt()
  expect(batch()).toBe(Math.max(1, Math.floor(before / 10)))
})

it('slices are cut into batches of the size that is wanted at that moment', async () => {
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
