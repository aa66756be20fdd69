import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { countVersion } from '../library.ts'
import { numberKey, takenKeyOf } from './keys.ts'
import { collectionOrder, listOf, ORDERS, type OrderedState } from './lists.ts'
import {
  checkBlocks,
  createRandom,
  expectedIds,
  orderNames,
  orderOf,
  presentOf,
  stateOf,
} from './order-model.ts'
import { openOrder, readOrderPage, readRange } from './order-pages.ts'
import { changeOrderEntries, dropOrder, type OrderedChange, updateOrders } from './orders.ts'

const CHANGED = listOf(ORDERS.changed, false)
const ALL = { descending: false, offset: 0, limit: 1e6 }

const apply = (database: Database, changes: readonly OrderedChange[]) =>
  database.write(async (trx) => {
    await countVersion(trx)
    await updateOrders(trx, changes)
  })

const countBlocks = async ({ read }: Database, list: number) =>
  (await read.selectFrom('order_blocks').select('count').where('list', '=', list).execute()).map(
    ({ count }) => count,
  )

async function pageOf(
  database: Database,
  name: keyof typeof ORDERS,
  page = ALL,
  isTrash = false,
): Promise<number[]> {
  const { run, version } = await presentOf(database)
  return [...((await readOrderPage(run, version, orderOf(name), isTrash, page)) ?? [])]
}

async function expectAll(database: Database, items: ReadonlyMap<number, OrderedState>) {
  for (const name of orderNames) {
    for (const isTrash of [false, true]) {
      for (const descending of [false, true]) {
        const expected = expectedIds(items.values(), name, isTrash, descending)
        expect(await pageOf(database, name, { ...ALL, descending }, isTrash)).toEqual(expected)
        const offset = Math.floor(expected.length / 3)
        expect(await pageOf(database, name, { descending, offset, limit: 7 }, isTrash)).toEqual(
          expected.slice(offset, offset + 7),
        )
      }
    }
  }
  await checkBlocks(database.read)
}

const DATES = [null, '1999-12-31T23:59:59', '2024-02-29T10:00:00+02:00', '2026-01-01T00:00:00']

/** Few values of each kind, so that many items are equal. */
function randomState(id: number, random: (below: number) => number): OrderedState {
  return stateOf(id, {
    name: `name ${String(random(500)).padStart(3, 'x')} ${'y'.repeat(random(2) * 200)}`,
    taken_at: DATES[random(DATES.length)] ?? null,
    changed_at: 1e12 + random(1000),
    size: random(3) === 0 ? 2 ** 40 : random(1e6),
    width: 1 + random(3),
    height: 1 + random(10_000),
    trashed_at: random(4) === 0 ? 1 : null,
    positions: null,
  })
}

describe('orders', () => {
  it('are those of all items after random changes', async () => {
    const database = await openTemporaryDatabase()
    const random = createRandom(1)
    const items = new Map<number, OrderedState>()
    let lastId = 0
    for (let round = 0; round < 40; round++) {
      const changes = new Map<number, OrderedChange>()
      // First they grow, and then they shrink.
      const growth = round < 20 ? 3 : 1
      const size = [1, 2, 30, 400][random(4)] ?? 1
      for (let change = 0; change < size; change++) {
        const kind = random(growth + 2)
        const id = kind < growth ? ++lastId : 1 + random(lastId + 1)
        const before = items.get(id)
        if (changes.has(id) || (kind >= growth && !before)) continue
        const after = kind === growth + 1 ? undefined : randomState(id, random)
        changes.set(id, { before, after })
        if (after) items.set(id, after)
        else items.delete(id)
      }
      await apply(database, [...changes.values()])
      if (round % 8 === 7) await expectAll(database, items)
    }
    await apply(
      database,
      [...items.values()].map((before) => ({ before })),
    )
    await expectAll(database, new Map())
    expect(await database.read.selectFrom('order_blocks').selectAll().execute()).toEqual([])
  })

  it('take ten thousand items at once, and a thousand equal names', async () => {
    const database = await openTemporaryDatabase()
    const random = createRandom(2)
    const items = new Map<number, OrderedState>()
    for (let id = 1; id <= 10_000; id++) {
      items.set(id, id % 10 === 0 ? stateOf(id, { name: 'equal' }) : randomState(id, random))
    }
    await apply(
      database,
      [...items.values()].map((after) => ({ after })),
    )
    await expectAll(database, items)
    const { run, version } = await presentOf(database)
    const opened = await openOrder(run, version, ORDERS.size, false)
    expect(opened?.total).toBe(
      [...items.values()].filter((item) => item.trashed_at === null).length,
    )
  })

  it('leave full blocks where items come in ascending order', async () => {
    const database = await openTemporaryDatabase()
    for (let start = 0; start < 3000; start += 300) {
      const ids = Array.from({ length: 300 }, (_, index) => start + index + 1)
      await apply(
        database,
        ids.map((id) => ({ after: stateOf(id) })),
      )
    }
    const counts = await countBlocks(database, CHANGED)
    expect(counts.length).toBeLessThan(8)
    for (const count of counts.slice(0, -1)) expect(count).toBeGreaterThan(400)
  })

  it('join blocks that have become small', async () => {
    const database = await openTemporaryDatabase()
    const ids = Array.from({ length: 8000 }, (_, index) => index + 1)
    await apply(
      database,
      ids.map((id) => ({ after: stateOf(id) })),
    )
    const before = await countBlocks(database, CHANGED)
    for (let part = 1; part < 20; part++) {
      const gone = ids.filter((id) => id % 20 === part)
      await apply(
        database,
        gone.map((id) => ({ before: stateOf(id) })),
      )
    }
    expect(await pageOf(database, 'changed')).toEqual(ids.filter((id) => id % 20 === 0))
    expect((await countBlocks(database, CHANGED)).length).toBeLessThan(before.length / 4)
    await checkBlocks(database.read)
  })

  it('join only neighbours', async () => {
    const database = await openTemporaryDatabase()
    const ids = Array.from({ length: 8000 }, (_, index) => index + 1)
    const apart = (gone: readonly number[]) => ids.filter((id) => !gone.includes(id))
    const remove = (gone: readonly number[]) =>
      apply(
        database,
        gone.map((id) => ({ before: stateOf(id) })),
      )
    await apply(
      database,
      ids.map((id) => ({ after: stateOf(id) })),
    )
    // Blocks become small, but not small enough. Then the first and a later one do.
    const most = ids.filter((id) => id % 100 >= 28)
    await remove(most)
    const before = await countBlocks(database, CHANGED)
    const more = [...ids.slice(0, 300), ...ids.slice(4000, 4300)].filter((id) => !most.includes(id))
    await remove(more)
    expect((await countBlocks(database, CHANGED)).length).toBeLessThan(before.length)
    expect(await pageOf(database, 'changed')).toEqual(apart([...most, ...more]))
    await checkBlocks(database.read)
  })

  it('take an entry again, and the removal of one that is not there', async () => {
    const database = await openTemporaryDatabase()
    await apply(database, [{ after: stateOf(1) }])
    await apply(database, [{ after: stateOf(1) }, { before: stateOf(2) }])
    expect(await pageOf(database, 'name')).toEqual([1])
    await apply(database, [{ before: stateOf(1) }])
    expect(await pageOf(database, 'name')).toEqual([])
  })

  it('leave out what a damaged database lacks', async () => {
    const database = await openTemporaryDatabase()
    const damaged = stateOf(1, { size: null, width: -1, taken_at: 'yesterday' })
    await apply(database, [{ after: damaged }])
    expect(await pageOf(database, 'size')).toEqual([])
    expect(await pageOf(database, 'width')).toEqual([])
    expect(await pageOf(database, 'taken')).toEqual([1])
    await apply(database, [{ before: damaged }])
    expect(await pageOf(database, 'taken')).toEqual([])
  })

  it('are not answered for another version', async () => {
    const database = await openTemporaryDatabase()
    await apply(database, [{ after: stateOf(1) }])
    const { run, version } = await presentOf(database)
    await apply(database, [])
    const key = numberKey(1)
    expect(await readOrderPage(run, version, ORDERS.name, false, ALL)).toBeUndefined()
    expect(await openOrder(run, version, ORDERS.name, false)).toBeUndefined()
    expect(await readRange(run, version, ORDERS.size, false, key, key)).toBeUndefined()
  })
})

describe('a range of keys', () => {
  it('has the items from its first key to its last', async () => {
    const database = await openTemporaryDatabase()
    const random = createRandom(3)
    // Some values fill several blocks.
    const sizes = Array.from({ length: 6000 }, () =>
      random(3) === 0 ? 1000 * (1 + random(3)) : random(4000),
    )
    await apply(
      database,
      sizes.map((size, index) => ({ after: stateOf(index + 1, { size, changed_at: 1 }) })),
    )
    const { run, version } = await presentOf(database)
    for (let round = 0; round < 60; round++) {
      const from = round < 10 ? 1000 * random(4) : random(4000)
      const to = round < 10 ? from + 1000 * random(2) : from + random(2000)
      const ids = await readRange(run, version, ORDERS.size, false, numberKey(from), numberKey(to))
      expect([...(ids ?? [])].sort((a, b) => a - b)).toEqual(
        sizes.flatMap((size, index) => (size >= from && size <= to ? [index + 1] : [])),
      )
    }
    const none = await readRange(run, version, ORDERS.size, true, numberKey(0), numberKey(9999))
    expect(none).toEqual(new Uint32Array(0))
    const reversed = await readRange(run, version, ORDERS.size, false, numberKey(9), numberKey(1))
    expect(reversed).toEqual(new Uint32Array(0))
  })

  it('has no items without a date', async () => {
    const database = await openTemporaryDatabase()
    await apply(
      database,
      DATES.map((taken_at, index) => ({ after: stateOf(index + 1, { taken_at }) })),
    )
    const { run, version } = await presentOf(database)
    const from = numberKey(0)
    const to = takenKeyOf(Date.UTC(2025, 0))
    const ids = await readRange(run, version, ORDERS.taken, false, from, to)
    expect(ids?.toSorted()).toEqual(Uint32Array.of(2, 3))
  })
})

describe('the own order of a collection', () => {
  const order = collectionOrder(7)
  const list = listOf(order, false)
  const entry = (id: number, position: number) => ({ id, key: numberKey(position) })

  async function idsOf(database: Database, isTrash = false) {
    const { run, version } = await presentOf(database)
    return [...((await readOrderPage(run, version, order, isTrash, ALL)) ?? [])]
  }

  it('follows its items into the trash and out of it, and to the end', async () => {
    const database = await openTemporaryDatabase()
    const [one, two] = [1, 2].map((id) => stateOf(id, { positions: `[[7,${9 - id}],[9,1]]` }))
    if (!one || !two) throw new Error('There are two states.')
    await apply(database, [{ after: one }, { after: two }])
    expect(await idsOf(database)).toEqual([2, 1])
    const trashed = { ...one, trashed_at: 5 }
    await apply(database, [{ before: one, after: trashed }])
    expect(await idsOf(database)).toEqual([2])
    expect(await idsOf(database, true)).toEqual([1])
    await apply(database, [{ before: trashed, after: one }, { before: two }])
    expect(await idsOf(database)).toEqual([1])
    expect(await idsOf(database, true)).toEqual([])
    await apply(database, [{ before: one, after: { ...one, positions: '[[9,1]]' } }])
    expect(await idsOf(database)).toEqual([])
  })

  it('is changed where items are moved in it, and dropped', async () => {
    const database = await openTemporaryDatabase()
    await database.write(async (trx) => {
      await countVersion(trx)
      await changeOrderEntries(trx, list, { insert: [entry(1, 10), entry(2, 20), entry(3, 30)] })
      await changeOrderEntries(trx, list, {
        remove: [entry(3, 30), entry(1, 10)],
        insert: [entry(3, 5), entry(1, 10)],
      })
    })
    expect(await idsOf(database)).toEqual([3, 1, 2])
    await database.write(async (trx) => {
      await countVersion(trx)
      await dropOrder(trx, list)
    })
    expect(await idsOf(database)).toEqual([])
  })
})
