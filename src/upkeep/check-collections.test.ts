import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { changeCollection } from '../media/collections/change-collection.ts'
import { collectItems } from '../media/collections/collect-items.ts'
import { listCollections } from '../media/collections/collection.ts'
import { add, readMemberships, readOrder } from '../media/collections/collections.fixture.ts'
import { deleteCollection } from '../media/collections/delete-collection.ts'
import { moveItems } from '../media/collections/move-items.ts'
import { DERIVED } from '../media/filter/rebuild.ts'
import { trashItems } from '../media/trash/trash.ts'
import { checkCollections } from './check-collections.ts'
import { checkFacets } from './check-facets.ts'
import { checkMemberships } from './check-memberships.ts'
import { checkOrders } from './check-orders.ts'
import type { Check, Finding } from './finding.ts'

let database: Database
/** Top, with Below, in which is Deep; items 3, 1, 2 are in Below, and 2 is in the trash. */
let ids: { top: number; below: number; deep: number; search: number }
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await database.write((trx) => trx.updateTable('library').set({ derived: DERIVED }).execute())
  await fillDatabase(
    database,
    ['a', 'b', 'c', 'd'].map((name) => ({ name })),
  )
  const top = await add(database, 'Top')
  const below = await add(database, 'Below', { parent: top })
  const deep = await add(database, 'Deep', { parent: below })
  const search = await add(database, 'Search', { query: 'search=x' })
  ids = { top, below, deep, search }
  await collectItems(database, [1, 2, 3], { add: [below], remove: [] })
  await collectItems(database, [4], { add: [deep], remove: [] })
  await moveItems(database, below, { ids: [3], before: 1 })
  await trashItems(database, [2])
})

const CHECKS = [checkCollections, checkMemberships, checkFacets, checkOrders]

/** Runs checks in the order of `doctor`. @returns the problems that were found */
async function examine({ repair = false, checks = CHECKS as readonly Check[] } = {}) {
  const problems: string[] = []
  const examined = { database } as Parameters<Check>[0]
  for (const check of checks) {
    for await (const finding of check(examined, () => {})) {
      problems.push(finding.problem)
      if (repair) await finding.repair?.({ database } as Parameters<RepairOf>[0])
    }
  }
  return problems
}
type RepairOf = NonNullable<Finding['repair']>

const damage = (statements: string) =>
  database.write(async (trx) => {
    for (const statement of statements.split(';')) await sql.raw(statement).execute(trx)
  })

const tree = async () =>
  (await listCollections(database.read)).map(({ id, parent, count, total }) => [
    id,
    parent,
    count,
    total,
  ])

describe('the checks of collections', () => {
  it('find nothing in a sound library, also while a deleted collection is cleaned', async () => {
    expect(await examine()).toEqual([])
    const { isClean } = await deleteCollection(database, ids.top, { isRecursive: true, atOnce: 1 })
    expect(isClean).toBe(false)
    expect(await database.read.selectFrom('collection_items').selectAll().execute()).toHaveLength(4)
    expect(await examine()).toEqual([])
  })

  it.each([
    ['without its collections', `UPDATE media SET collections = '[]' WHERE id = 3`],
    ['with one that it is not in', `UPDATE media SET collections = '[1,2,3]' WHERE id = 3`],
    ['with what is no list', `UPDATE media SET collections = '[2' WHERE id = 3`],
  ])('repair an item %s', async (_, statement) => {
    const before = await readMemberships(database)
    await damage(statement)
    const problem = 'The collections that items name are not those that they are in: item 3 "c".'
    expect(await examine({ checks: [checkMemberships] })).toEqual([problem])
    await examine({ repair: true })
    expect(await examine()).toEqual([])
    expect(await readMemberships(database)).toEqual(before)
    expect(await readOrder(database, ids.below)).toEqual([3, 1])
  })

  it('believe the order of a collection where an item names one that it is not in', async () => {
    await damage('DELETE FROM collection_items WHERE media_id IN (2, 3)')
    expect(await examine({ checks: [checkMemberships] })).toEqual([
      'The collections that items name are not those that they are in: item 2 "b", item 3 "c".',
    ])
    await examine({ repair: true, checks: [checkMemberships] })
    expect(await readMemberships(database)).toMatchObject({ 2: ['r2'], 3: ['r2'] })
    expect((await examine()).join()).not.toContain('Filters')
    await examine({ repair: true })
    expect(await examine()).toEqual([])
    expect(await readOrder(database, ids.below)).toEqual([1])
  })

  it.each([
    ['twice', 'UPDATE collection_items SET position = 7 WHERE collection_id = 2'],
    ['below zero', 'UPDATE collection_items SET position = -5 WHERE media_id = 3'],
    ['too high', 'UPDATE collection_items SET position = 281474976710656 WHERE media_id = 2'],
  ])('give items places of their own where there is one %s', async (_, statement) => {
    await damage(statement)
    expect(await examine()).toContain(
      'Items of the collection 2 "Below" have no places of their own in its order.',
    )
    await examine({ repair: true, checks: [checkMemberships] })
    expect(await examine()).toEqual([])
    expect((await readOrder(database, ids.below)).toSorted()).toEqual([1, 3])
  })

  it('say what to do with items of a saved search', async () => {
    await damage(`INSERT INTO collection_items VALUES (${ids.search}, 1, 5);
      UPDATE media SET collections = '[2,4]' WHERE id = 1`)
    const problem = 'The saved search 4 "Search" holds items, and should hold none: 1.'
    expect(await examine()).toContain(problem)
    await examine({ repair: true })
    expect(await examine()).toEqual([problem])
    await collectItems(database, [1], { add: [], remove: [ids.search] })
    expect(await examine()).toEqual([])
  })

  it.each([
    ['below none that is there', 'UPDATE collections SET parent = 77 WHERE id = 2'],
    ['below a saved search', 'UPDATE collections SET parent = 4 WHERE id = 2'],
    ['below a deleted one', 'UPDATE collections SET deleted = 1 WHERE id = 1'],
    ['below itself', 'UPDATE collections SET parent = 3 WHERE id = 2'],
  ])('move a collection to the top that is %s', async (_, statement) => {
    await damage(statement)
    expect(await examine()).toContainEqual(
      expect.stringMatching(/^The collection 2 "Below" is below /),
    )
    await examine({ repair: true })
    expect(await examine()).toEqual([])
    const collections = await tree()
    expect(collections).toContainEqual([ids.below, null, 2, 3])
    expect(collections).toContainEqual([ids.deep, ids.below, 1, 1])
  })

  it('name a collection that is too deep, once', async () => {
    let parent = ids.deep
    for (const name of ['4', '5', '6', '7', '8']) parent = await add(database, name, { parent })
    await damage(`INSERT INTO collections (id, name, folded, parent, position)
      VALUES (90, 'Nine', 'nine', ${parent}, 1), (91, 'Ten', 'ten', 90, 1)`)
    const problem = 'The collection 90 "Nine" is 9 levels deep, and 8 are allowed.'
    expect(await examine()).toEqual([problem])
    expect(await examine({ repair: true })).toEqual([problem])
    await changeCollection(database, 90, { parent: null })
    expect(await examine()).toEqual([])
  })

  it('find siblings of the same name or place, and repair what names are compared by', async () => {
    await damage(`UPDATE collections SET folded = 'other', position = 5 WHERE parent IS NULL
      AND id = ${ids.top}; UPDATE collections SET position = 5 WHERE id = ${ids.search}`)
    expect(await examine({ repair: true })).toEqual([
      'The name of collection 1 "Top" is not compared as it is.',
      'Collections at the top have the same place among the others.',
    ])
    expect(await examine()).toEqual([])
    await damage(`UPDATE collections SET name = 'TOP' WHERE id = ${ids.search}`)
    const problem = expect.stringContaining('have the same name: collection 1 "Top", collection 4')
    expect(await examine({ repair: true })).toEqual([problem])
    await changeCollection(database, ids.search, { name: 'Found' })
    expect(await examine()).toEqual([])
  })
})
