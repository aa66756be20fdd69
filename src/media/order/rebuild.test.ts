import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { ORDERS } from './lists.ts'
import {
  checkBlocks,
  createRandom,
  expectedIds,
  orderNames,
  orderOf,
  presentOf,
  stateOf,
  writeItems,
} from './order-model.ts'
import { readOrderPage } from './order-pages.ts'
import { updateOrders } from './orders.ts'
import { REBUILT, rebuildOrder } from './rebuild.ts'

const ALL = { descending: false, offset: 0, limit: 1e6 }

const COUNT = 3000

/** Items with rows, and no orders. */
async function fill(database: Database) {
  const random = createRandom(9)
  const items = Array.from({ length: COUNT }, (_, index) =>
    stateOf(index + 1, {
      name: `name ${'abc'.repeat(random(30))}`,
      taken_at: random(3) === 0 ? null : `20${10 + random(10)}-01-01T00:00:00`,
      size: random(2) === 0 ? 5 : random(1e9),
      trashed_at: random(5) === 0 ? 1 : null,
    }),
  )
  await database.write((trx) =>
    writeItems(
      trx,
      items.map((after) => ({ after })),
    ),
  )
  return items
}

const idsOf = async (database: Database, order: number, isTrash = false) => {
  const { run, version } = await presentOf(database)
  return [...((await readOrderPage(run, version, order, isTrash, ALL)) ?? [])]
}

describe('building orders anew', () => {
  it.each([
    { how: 'at once', maxBytes: undefined },
    { how: 'in several runs, if memory does not suffice', maxBytes: 1 },
  ])('makes them from the items $how', async ({ maxBytes }) => {
    const database = await openTemporaryDatabase()
    const items = await fill(database)
    await database.write(async (trx) => {
      for (const part of REBUILT) await rebuildOrder(trx, part, maxBytes)
    })
    for (const name of orderNames) {
      for (const isTrash of [false, true]) {
        expect(await idsOf(database, orderOf(name), isTrash)).toEqual(
          expectedIds(items, name, isTrash, false),
        )
      }
    }
    await checkBlocks(database.read)
  })

  it('replaces what was there', async () => {
    const database = await openTemporaryDatabase()
    const items = await fill(database)
    await database.write(async (trx) => {
      await updateOrders(trx, [{ after: stateOf(9999) }])
      for (const part of REBUILT) await rebuildOrder(trx, part)
    })
    expect(await idsOf(database, ORDERS.name)).toEqual(expectedIds(items, 'name', false, false))
  })
})
