import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { fillDatabase } from '../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { pairStates, readStates, updateDerived } from '../media/change/derived.ts'
import { editMedia } from '../media/change/edit.ts'
import { countVersion } from '../media/library.ts'
import { collectionOrder, listOf, ORDERS } from '../media/order/lists.ts'
import { checkBlocks, presentOf, stateOf, writeItems } from '../media/order/order-model.ts'
import { readOrderPage } from '../media/order/order-pages.ts'
import { updateOrders } from '../media/order/orders.ts'
import { rebuildOrder } from '../media/order/rebuild.ts'
import { removeItems } from '../transfer/files.ts'
import { checkOrders } from './check-orders.ts'

const idsOf = async (database: Database, order: number, isTrash = false) => {
  const { run, version } = await presentOf(database)
  const page = { descending: false, offset: 0, limit: 100 }
  return [...((await readOrderPage(run, version, order, isTrash, page)) ?? [])]
}

const examine = async (database: Database) =>
  Array.fromAsync(checkOrders({ database } as Parameters<typeof checkOrders>[0], () => {}))

describe('the check of orders', () => {
  it.each([
    ['a missing block', 'DELETE FROM order_blocks WHERE list = 2'],
    ['an entry of another id', 'UPDATE order_blocks SET ids = keys, keys = ids WHERE list = 2'],
    ['a wrong count', 'UPDATE order_blocks SET count = count + 1 WHERE list = 2'],
    ['a wrong bound', 'UPDATE order_blocks SET lower_id = 999999999 WHERE list = 2'],
    ['a block of the wrong list', 'UPDATE order_blocks SET list = 3 WHERE list = 2'],
  ])('finds and repairs %s', async (_, damage) => {
    const database = await openTemporaryDatabase()
    const items = Array.from({ length: 1500 }, (_, index) => ({ after: stateOf(index + 1) }))
    await database.write(async (trx) => {
      await countVersion(trx)
      await writeItems(trx, items)
      await updateOrders(trx, items)
      await sql.raw(damage).execute(trx)
    })
    const [finding] = await examine(database)
    expect(finding?.problem).toMatch(/because of the order by size\.$/)
    await finding?.repair?.({ database } as Parameters<NonNullable<typeof finding.repair>>[0])
    expect(await examine(database)).toEqual([])
    await checkBlocks(database.read)
  })
})

describe('writers of items', () => {
  it('keep the orders in step', async () => {
    const database = await openTemporaryDatabase()
    await fillDatabase(
      database,
      ['b', 'a', 'c'].map((name) => ({ name })),
    )
    await database.write(async (trx) => {
      for (const id of [1, 2]) {
        await trx
          .insertInto('collections')
          .values({ id, name: String(id), folded: String(id), position: id })
          .execute()
      }
    })
    expect(await idsOf(database, ORDERS.name)).toEqual([2, 1, 3])
    await editMedia(database, 3, { name: 'A', collections: [1, 2] })
    await editMedia(database, 1, { takenAt: '2026-01-01T00:00:00', collections: [1] })
    expect(await idsOf(database, ORDERS.name)).toEqual([2, 3, 1])
    expect(await idsOf(database, ORDERS.taken)).toEqual([1, 2, 3])
    expect(await idsOf(database, ORDERS.changed)).toEqual([2, 3, 1])
    expect(await idsOf(database, collectionOrder(1))).toEqual([3, 1])
    await database.write(async (trx) => {
      const before = await readStates(trx, [1])
      await trx.updateTable('media').set({ trashed_at: 1 }).where('id', '=', 1).execute()
      await countVersion(trx)
      await updateDerived(trx, pairStates(before, await readStates(trx, [1])))
    })
    expect(await idsOf(database, collectionOrder(1))).toEqual([3])
    expect(await idsOf(database, collectionOrder(1), true)).toEqual([1])
    expect(await idsOf(database, ORDERS.name, true)).toEqual([1])
    expect(await examine(database)).toEqual([])
    await database.write((trx) =>
      trx
        .deleteFrom('order_blocks')
        .where('list', '>=', listOf(collectionOrder(1), false))
        .execute(),
    )
    expect((await examine(database)).map(({ problem }) => problem)).toEqual([
      expect.stringContaining('because of the order in collections.'),
    ])
    await database.write((trx) => rebuildOrder(trx, 'collections'))
    expect(await examine(database)).toEqual([])
    expect(await idsOf(database, collectionOrder(1), true)).toEqual([1])
    await database.write(async (trx) => {
      await countVersion(trx)
      await removeItems(trx, [1, 2, 3])
    })
    expect(await database.read.selectFrom('order_blocks').selectAll().execute()).toEqual([])
  })
})
