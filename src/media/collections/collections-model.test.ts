import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { pairStates, readStates, updateDerived } from '../change/derived.ts'
import { editMedia } from '../change/edit.ts'
import { countVersion } from '../library.ts'
import { changeCollection } from './change-collection.ts'
import { cleanAll } from './cleaner.ts'
import { collectItems } from './collect-items.ts'
import { listCollections } from './collection.ts'
import { add, readOrder, refusalOf } from './collections.fixture.ts'
import { deleteCollection } from './delete-collection.ts'
import { moveItems } from './move-items.ts'

/** Collections as people see them. Siblings and the items of each collection are in order. */
interface Model {
  parents: Map<number, number | null>
  items: Map<number, number[]>
  trashed: Set<number>
}

const ITEMS = 25
const MAX_LEVELS = 8

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    Array.from({ length: ITEMS }, (_, index) => ({ name: `Item ${index + 1}` })),
  )
})

const lineOf = ({ parents }: Model, id: number | null) => {
  const line: number[] = []
  for (let at = id; at !== null; at = parents.get(at) ?? null) line.push(at)
  return line
}

const subtreeOf = (model: Model, id: number) =>
  [...model.parents.keys()].filter((other) => lineOf(model, other).includes(id))

async function trash(id: number, isTrashed: boolean) {
  await database.write(async (trx) => {
    const before = await readStates(trx, [id])
    const trashed_at = isTrashed ? 1 : null
    await trx.updateTable('media').set({ trashed_at }).where('id', '=', id).execute()
    await countVersion(trx)
    await updateDerived(trx, pairStates(before, await readStates(trx, [id])))
  })
}

async function check(model: Model) {
  const { parents, items, trashed } = model
  const liveIn = (id: number) => (items.get(id) ?? []).filter((item) => !trashed.has(item))
  const listed = await listCollections(database.read)
  expect(new Map(listed.map(({ id, parent }) => [id, parent]))).toEqual(parents)
  for (const { id, count, total } of listed) {
    const below = new Set(subtreeOf(model, id).flatMap(liveIn))
    expect([id, count, total]).toEqual([id, liveIn(id).length, below.size])
    expect([id, await readOrder(database, id)]).toEqual([id, liveIn(id)])
  }
  const rows = await database.read.selectFrom('media').select(['id', 'collections']).execute()
  for (const { id, collections } of rows) {
    const wanted = [...items].filter(([, members]) => members.includes(id)).map(([it]) => it)
    expect([id, JSON.parse(collections)]).toEqual([id, wanted.sort((a, b) => a - b)])
  }
}

/** No row is left of what is gone. */
async function checkRests(model: Model) {
  const { read } = database
  const known = [...model.parents.keys()]
  const facets = await read
    .selectFrom('facets')
    .select(['value', 'items'])
    .where('kind', 'in', ['collection', 'under'])
    .execute()
  for (const { value, items } of facets) {
    expect(known).toContain(Number(value))
    expect(items).toBeGreaterThan(0)
  }
  const lists = await read
    .selectFrom('order_blocks')
    .select('list')
    .where('list', '>=', 1000)
    .execute()
  for (const { list } of lists) expect(known).toContain(Math.floor((list - 1000) / 2))
  const places = await read.selectFrom('collection_items').select('collection_id').execute()
  for (const { collection_id } of places) expect(known).toContain(collection_id)
}

describe('collections', () => {
  it.each([1, 2, 3, 4])('are what a model says, whatever is done with them (%i)', async (start) => {
    const model: Model = { parents: new Map(), items: new Map(), trashed: new Set() }
    const { parents, items, trashed } = model
    let seed = start * 7919
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    const one = () => [...parents.keys()][random(parents.size)] ?? 0
    const someItems = () =>
      [...new Set(Array.from({ length: 1 + random(6) }, () => 1 + random(ITEMS)))].sort(
        (a, b) => a - b,
      )

    const commands: (() => Promise<void>)[] = [
      async () => {
        const parent = random(4) === 0 ? null : one() || null
        const line = lineOf(model, parent)
        const name = `Collection ${seed}`
        const made = await refusalOf(add(database, name, { parent }))
        if (line.length >= MAX_LEVELS) return expect(made).toMatch(/^400 .*levels deep/)
        parents.set(Number(made), parent)
        items.set(Number(made), [])
      },
      async () => {
        const [id, parent] = [one(), random(4) === 0 ? null : one() || null]
        const line = lineOf(model, parent)
        const subtree = subtreeOf(model, id)
        const depth = lineOf(model, id).length
        const height = Math.max(...subtree.map((it) => lineOf(model, it).length - depth + 1))
        const moved = await refusalOf(changeCollection(database, id, { parent }))
        if (parent === parents.get(id)) return expect(moved).toMatchObject({ id })
        if (line.includes(id)) return expect(moved).toMatch(/^400 .*itself or below it/)
        if (line.length + height > MAX_LEVELS) return expect(moved).toMatch(/^400 .*levels deep/)
        expect(moved).toMatchObject({ id, parent })
        parents.set(id, parent)
      },
      async () => {
        const [added, removed, ids] = [one(), one(), someItems()]
        const change = { add: [added], remove: added === removed ? [] : [removed] }
        await collectItems(database, ids, change)
        for (const id of ids) {
          if (trashed.has(id)) continue
          const members = items.get(added) ?? []
          if (!members.includes(id)) members.push(id)
          if (added !== removed) {
            items.set(
              removed,
              (items.get(removed) ?? []).filter((it) => it !== id),
            )
          }
        }
      },
      async () => {
        const id = 1 + random(ITEMS)
        if (trashed.has(id)) return
        const wanted = new Set([one(), one(), one()])
        await editMedia(database, id, { collections: [...wanted].sort((a, b) => a - b) })
        for (const [collection, members] of items) {
          const isIn = members.includes(id)
          if (isIn && !wanted.has(collection)) {
            items.set(
              collection,
              members.filter((it) => it !== id),
            )
          }
          if (!isIn && wanted.has(collection)) members.push(id)
        }
      },
      async () => {
        const id = 1 + random(ITEMS)
        await trash(id, !trashed.has(id))
        if (!trashed.delete(id)) trashed.add(id)
      },
      async () => {
        const collection = one()
        const members = [...(items.get(collection) ?? [])]
        const ids = members.splice(random(members.length + 1), 3)
        if (ids.length === 0) return
        const place = random(members.length + 1)
        const before = members[place] ?? null
        members.splice(place, 0, ...ids.toReversed())
        await moveItems(database, collection, { ids: ids.toReversed(), before })
        items.set(collection, members)
      },
      async () => {
        if (random(3) > 0) return
        const id = one()
        const gone = subtreeOf(model, id)
        // As if there were too many items for one transaction, every other time.
        const atOnce = random(2) === 0 ? 0 : undefined
        await deleteCollection(database, id, { isRecursive: true, atOnce })
        for (const it of gone) {
          parents.delete(it)
          items.delete(it)
        }
        if (atOnce === 0) await cleanAll(database)
      },
    ]
    const [addOne, ...others] = commands
    for (let step = 0; step < 150; step += 1) {
      const command = parents.size < 4 ? addOne : [addOne, ...others][random(commands.length)]
      await command?.()
      if (step % 10 === 9) await check(model)
    }
    await check(model)
    await checkRests(model)
    expect(parents.size).toBeGreaterThan(1)
  })
})
