import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { readVersion } from '../library-state.ts'
import { collectItems } from './collect-items.ts'
import { add, readMemberships, readOrder, refusalOf } from './collections.fixture.ts'
import { moveItems } from './move-items.ts'

const COUNT = 60
let database: Database
let collection: number
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    Array.from({ length: COUNT + 1 }, (_, index) => ({ name: `Item ${index}` })),
  )
  collection = await add(database, 'Collection')
})

const all = Array.from({ length: COUNT }, (_, index) => index + 1)
const fill = (ids = all) => collectItems(database, ids, { add: [collection], remove: [] })
const move = (ids: number[], before: number | null) =>
  refusalOf(moveItems(database, collection, { ids, before }))
const order = () => readOrder(database, collection)

describe('moving items of a collection', () => {
  it('puts them in this order before another, or at the end', async () => {
    await fill([1, 2, 3, 4, 5])
    await move([4, 2], 1)
    expect(await order()).toEqual([4, 2, 1, 3, 5])
    await move([1, 4], null)
    expect(await order()).toEqual([2, 3, 5, 1, 4])
    await move([5, 2, 3, 1], 4)
    expect(await order()).toEqual([5, 2, 3, 1, 4])
    await move([4, 1, 3, 2, 5], null)
    expect(await order()).toEqual([4, 1, 3, 2, 5])
  })

  it('is no change of the items, and none at all where they are in place', async () => {
    await fill([1, 2, 3])
    const items = await readMemberships(database)
    const { version } = await readVersion(database.read)
    for (const [ids, before] of [
      [[1], 2],
      [[2, 3], null],
      [[1, 2], 3],
    ] as const) {
      expect(await move([...ids], before)).toMatchObject({ id: collection })
    }
    expect((await readVersion(database.read)).version).toBe(version)
    await move([3], 1)
    expect((await readVersion(database.read)).version).toBe(version + 1)
    expect(await readMemberships(database)).toEqual(items)
  })

  it('is refused for items that are not in it, and for a saved search', async () => {
    await fill([1, 2])
    expect(await move([1, 3], null)).toMatch(/^400 .*ids names item 3, which is not in collection/)
    expect(await move([1], 3)).toMatch(/^400 .*before names item 3/)
    const search = await add(database, 'Search', { query: 'search=x' })
    const moved = moveItems(database, search, { ids: [1], before: null })
    expect(await refusalOf(moved)).toMatch(/^400 .*saved search/)
    expect(await refusalOf(moveItems(database, 77, { ids: [1], before: null }))).toMatch(/^404/)
    expect(await order()).toEqual([1, 2])
  })

  it.each([1, 2, 3])('does the same as moves within an array, at random (%i)', async (start) => {
    await fill()
    const model = [...all]
    let seed = start
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    for (let step = 0; step < 120; step += 1) {
      const count = random(4) === 0 ? 1 + random(20) : 1
      const moved = Array.from({ length: count }, () => {
        const [id] = model.splice(random(model.length), 1)
        return id ?? 0
      })
      // Mostly into one gap, which is soon used up.
      const place = random(8) === 0 ? random(model.length + 1) : 10
      const before = model[place] ?? null
      model.splice(place, 0, ...moved)
      await move(moved, before)
      expect(await order()).toEqual(model)
    }
    await fill([COUNT + 1])
    expect(await order()).toEqual([...model, COUNT + 1])
  })

  it('writes few rows where a gap is used up', async () => {
    await fill()
    const positions = async () =>
      new Map(
        (
          await database.read
            .selectFrom('collection_items')
            .select(['media_id', 'position'])
            .execute()
        ).map((row) => [row.media_id, row.position]),
      )
    let most = 0
    for (let step = 0; step < 60; step += 1) {
      const before = await positions()
      await move([step % 2 === 0 ? 40 : 41], 30)
      await move([step % 2 === 0 ? 41 : 40], 30)
      const changed = [...(await positions())].filter(([id, at]) => before.get(id) !== at)
      most = Math.max(most, changed.length)
    }
    expect(most).toBeGreaterThan(2)
    expect(most).toBeLessThan(40)
  })
})
