import { expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { readStates, updateDerived } from '../change/derived.ts'
import { insertItems as insertRows } from '../change/insert-many.ts'
import { countWrongDoubles, listDoubles, recountDoubles } from './doubles.ts'

it('the files that several items have are kept with the items', async () => {
  const database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    Array.from({ length: 4 }, (_, index) => ({ name: `${index}` })),
  )
  const all = { limit: 10, offset: 0 }
  const expectDoubles = async (...doubles: [number, number][]) => {
    const wanted = doubles.map(([file_id, count]) => ({ file_id, count }))
    expect(await listDoubles(database.read, all)).toEqual({ doubles: wanted, total: wanted.length })
    await database.write(recountDoubles)
    expect((await listDoubles(database.read, all)).doubles).toEqual(wanted)
  }
  const change = async (ids: number[], columns: { trashed_at?: number | null; file_id?: number }) =>
    database.write(async (trx) => {
      const before = await readStates(trx, ids)
      await trx.updateTable('media').set(columns).where('id', 'in', ids).execute()
      const after = await readStates(trx, ids)
      await updateDerived(
        trx,
        before.map((state, index) => ({ before: state, after: after[index] })),
      )
    })
  await expectDoubles()
  const again = (file_id: number) => ({ file_id, name: 'x', tags: '[]', added_at: 9 })
  await database.write((trx) => insertRows(trx, [again(1), again(1), again(3)]))
  await expectDoubles([3, 2], [1, 3])
  expect(await listDoubles(database.read, { limit: 1, offset: 1 })).toEqual({
    doubles: [{ file_id: 1, count: 3 }],
    total: 2,
  })
  // Items 5 and 6 have file 1, item 7 has file 3.
  await change([5, 7], { trashed_at: 5 })
  await expectDoubles([1, 2])
  await change([6], { file_id: 2 })
  await expectDoubles([2, 2])
  await change([5, 7], { trashed_at: null })
  await expectDoubles([3, 2], [2, 2], [1, 2])
  await database.write(async (trx) => {
    const before = await readStates(trx, [3, 5])
    await trx.deleteFrom('media').where('id', 'in', [3, 5]).execute()
    await updateDerived(
      trx,
      before.map((state) => ({ before: state })),
    )
  })
  await expectDoubles([2, 2])
  expect(await database.snapshot(countWrongDoubles)).toBe(0)
  await database.write((trx) => trx.updateTable('doubles').set({ count: 7 }).execute())
  expect(await database.snapshot(countWrongDoubles)).toBe(1)
  await database.write((trx) =>
    trx.insertInto('doubles').values({ file_id: 99, count: 2 }).execute(),
  )
  expect(await database.snapshot(countWrongDoubles)).toBe(2)
  await database.write((trx) => trx.deleteFrom('doubles').execute())
  expect(await database.snapshot(countWrongDoubles)).toBe(1)
})
