import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import type { RunPrepared } from '../../database/prepared.ts'
import { chunkOf } from '../filter/chunk.ts'
import { createLayout, fromIds } from '../filter/id-set.ts'
import { countVersion } from '../library.ts'
import { collectionOrder, ORDERS, type OrderedState } from './lists.ts'
import { createOrderMemory, type SetPages } from './order-memory.ts'
import {
  createRandom,
  expectedIds,
  orderNames,
  orderOf,
  presentIn,
  presentOf,
  stateOf,
  writeItems,
} from './order-model.ts'
import { type OrderedChange, updateOrders } from './orders.ts'

type Items = ReadonlyMap<number, OrderedState>

const TAKEN = ['2024-02-29T10:00:00', '2026-01-01T00:00:00', null]

const randomState = (id: number, random: (below: number) => number) =>
  stateOf(id, {
    name: `name ${'x'.repeat(random(9))}`,
    taken_at: TAKEN[random(3)] ?? null,
    changed_at: random(1e6),
    size: random(1e6),
    trashed_at: random(8) === 0 ? 1 : null,
  })

const apply = (database: Database, changes: readonly OrderedChange[]) =>
  database.write(async (trx) => {
    await countVersion(trx)
    await writeItems(trx, changes)
    await updateOrders(trx, changes)
  })

async function fill(database: Database, count: number, random: (below: number) => number) {
  const items = new Map<number, OrderedState>()
  for (let id = 1; id <= count; id++) items.set(id, randomState(id, random))
  await apply(
    database,
    [...items.values()].map((after) => ({ after })),
  )
  return items
}

/** The items of a list that fulfil a condition, as a filter finds them. */
function findSet(items: Items, isTrash: boolean, matches: (id: number) => boolean) {
  const ids = [...items.values()]
    .filter((item) => (item.trashed_at !== null) === isTrash && matches(item.id))
    .map(({ id }) => id)
  const layout = createLayout([...items.keys()].map((id) => ({ chunk: chunkOf(id) })))
  return { layout, set: fromIds(layout, ids), total: ids.length }
}

interface Expectation {
  pages: SetPages
  version: number
  items: Items
  matches(id: number): boolean
}

/** Compares pages at the beginning, in the middle and at the end of each order with what they must be. */
async function expectPages({ pages, version, items, matches }: Expectation) {
  for (const name of orderNames) {
    for (const isTrash of [false, true]) {
      const found = findSet(items, isTrash, matches)
      for (const descending of [false, true]) {
        const all = expectedIds(items.values(), name, isTrash, descending).filter(matches)
        for (const offset of [7, all.length >> 1, all.length - 3, all.length + 9]) {
          const page = { descending, offset: Math.max(0, offset), limit: 20 }
          expect(
            await pages.pageOfSet(version, orderOf(name), isTrash, found, page),
            `${name} ${isTrash} ${JSON.stringify(page)}`,
          ).toEqual(all.slice(page.offset, page.offset + 20))
        }
      }
    }
  }
}

/** Counts the rows that queries return. */
function countRows(run: RunPrepared) {
  const counted = {
    rows: 0,
    async run(...call: Parameters<RunPrepared>) {
      const rows = await run(...call)
      counted.rows += rows.length
      return rows
    },
  }
  return counted
}

describe('pages of a set', () => {
  it('are right while the library changes', async () => {
    const database = await openTemporaryDatabase()
    const random = createRandom(4)
    const items = await fill(database, 4000, random)
    const memory = createOrderMemory(database)
    const matches = (id: number) => id % 5 !== 0
    let next = 4000
    for (let round = 0; round < 9; round++) {
      const { version } = await presentOf(database)
      await expectPages({ pages: memory, version, items, matches })
      const changes = new Map<number, OrderedChange>()
      const count = round === 6 ? 2500 : [0, 1, 40][round % 3]
      for (let change = 0; change < (count ?? 0); change++) {
        const id = random(3) === 0 ? ++next : 1 + random(next)
        const before = items.get(id)
        if (changes.has(id)) continue
        // In one round so many go that blocks are joined.
        const isGone = before && (round === 6 || random(3) === 0)
        const after = isGone ? undefined : randomState(id, random)
        changes.set(id, { before, after })
        if (after) items.set(id, after)
        else items.delete(id)
      }
      await apply(database, [...changes.values()])
    }
    expect(memory.bytes).toBeGreaterThan(4 * items.size)
  })

  it('are the same without memory, in a transaction, and for a few items', async () => {
    const database = await openTemporaryDatabase()
    const items = await fill(database, 3000, createRandom(5))
    const { version } = await presentOf(database)
    const small = createOrderMemory(database, 1000)
    await expectPages({ pages: small, version, items, matches: () => true })
    expect(small.bytes).toBe(0)
    await database.read.transaction().execute(async (trx) => {
      const pages = createOrderMemory(database).within(trx)
      const { version } = await presentIn(trx)
      await expectPages({ pages, version, items, matches: (id) => id % 2 === 0 })
    })
  })

  it('are not answered for another version', async () => {
    const database = await openTemporaryDatabase()
    const items = await fill(database, 3000, createRandom(6))
    const found = findSet(items, false, () => true)
    const page = { descending: false, offset: 0, limit: 5 }
    const { version } = await presentOf(database)
    for (const memory of [createOrderMemory(database), createOrderMemory(database, 1000)]) {
      const ask = (at: number) => memory.pageOfSet(at, ORDERS.size, false, found, page)
      expect(await ask(version)).toHaveLength(5)
      expect(await ask(version - 1)).toBeUndefined()
      expect(await ask(version + 1)).toBeUndefined()
    }
  })

  it('reads only the blocks that changed, and once for all who ask', async () => {
    const database = await openTemporaryDatabase()
    const items = await fill(database, 8000, createRandom(7))
    const counted = countRows(database.run)
    const memory = createOrderMemory({ run: counted.run as RunPrepared })
    const found = findSet(items, false, () => true)
    const page = { descending: true, offset: 30, limit: 5 }
    const ask = async () => {
      const { version } = await presentOf(database)
      counted.rows = 0
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          memory.pageOfSet(version, ORDERS.size, false, found, page),
        ),
      )
      expect(new Set(answers.map(String)).size).toBe(1)
      expect(answers[0]).toHaveLength(5)
      return counted.rows
    }
    const first = await ask()
    expect(first).toBeGreaterThan(12)
    expect(first).toBeLessThan(40)
    expect(await ask()).toBe(0)
    await apply(database, [{ after: stateOf(8001) }])
    expect(await ask()).toBeLessThanOrEqual(2)
  })

  it('drops the list that was not used for longest', async () => {
    const database = await openTemporaryDatabase()
    const items = await fill(database, 3000, createRandom(8))
    const counted = countRows(database.run)
    const found = findSet(items, false, () => true)
    const { version } = await presentOf(database)
    const page = { descending: false, offset: 0, limit: 5 }
    const measure = createOrderMemory(database)
    await measure.pageOfSet(version, ORDERS.width, false, found, page)
    const maxBytes = measure.bytes * 4.5
    const memory = createOrderMemory({ run: counted.run as RunPrepared }, maxBytes)
    const ask = async (order: number) => {
      counted.rows = 0
      await memory.pageOfSet(version, order, false, found, page)
      return counted.rows
    }
    for (const order of [ORDERS.width, ORDERS.height, ORDERS.size]) await ask(order)
    expect(await ask(ORDERS.width)).toBe(0)
    await ask(ORDERS.name)
    await ask(ORDERS.changed)
    expect(memory.bytes).toBeLessThanOrEqual(maxBytes)
    expect(await ask(ORDERS.width)).toBe(0)
    expect(await ask(ORDERS.height)).toBeGreaterThan(0)
  })

  it('can be in the own order of a collection', async () => {
    const database = await openTemporaryDatabase()
    const ids = Array.from({ length: 1500 }, (_, index) => index + 1)
    const position = (id: number) => (id * 7919) % 100_003
    const items = new Map(
      ids.map((id) => [id, stateOf(id, { positions: `[[3,${position(id)}]]` })]),
    )
    await apply(
      database,
      [...items.values()].map((after) => ({ after })),
    )
    const expected = ids.toSorted((one, other) => position(one) - position(other))
    const { version } = await presentOf(database)
    expect(
      await createOrderMemory(database).pageOfSet(
        version,
        collectionOrder(3),
        false,
        findSet(items, false, () => true),
        { descending: false, offset: 1000, limit: 30 },
      ),
    ).toEqual(expected.slice(1000, 1030))
  })
})
