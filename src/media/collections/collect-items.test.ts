import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { editMedia } from '../change/edit.ts'
import { removeItems } from '../change/remove.ts'
import type { Library } from '../library.ts'
import { readVersion } from '../library-state.ts'
import { type CollectionChange, collectItems } from './collect-items.ts'
import { add, readMemberships, readOrder, refusalOf } from './collections.fixture.ts'

let database: Database
let a: number
let b: number
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await fillDatabase(database, [{ name: 'One' }, { name: 'Two' }, { name: 'Three' }])
  a = await add(database, 'A')
  b = await add(database, 'B')
})

const collect = async (ids: number[], change: Partial<CollectionChange>) => {
  const failed = await collectItems(database, ids, { add: [], remove: [], ...change })
  return failed.map(({ id, error: { message, detail } }) => ({ id, message, detail }))
}

describe('putting items into collections and taking them out', () => {
  it('adds at the end, takes out, and counts as a change of the items that differ', async () => {
    expect(await collect([2, 3], { add: [a] })).toEqual([])
    expect(await collect([1, 2], { add: [a, b] })).toEqual([])
    expect(await readOrder(database, a)).toEqual([2, 3, 1])
    expect(await readOrder(database, b)).toEqual([1, 2])
    expect(await collect([1, 2, 3], { add: [b], remove: [a] })).toEqual([])
    expect(await readOrder(database, a)).toEqual([])
    expect(await readOrder(database, b)).toEqual([1, 2, 3])
    expect(await readMemberships(database)).toEqual({
      1: [b, 'r3'],
      2: [b, 'r4'],
      3: [b, 'r3'],
    })
    const { version } = await readVersion(database.read)
    expect(await collect([1, 2, 3], { add: [b], remove: [a] })).toEqual([])
    expect((await readVersion(database.read)).version).toBe(version)
  })

  it('tells of items that are not there or in the trash', async () => {
    await database.write((trx) =>
      trx.updateTable('media').set({ trashed_at: 1 }).where('id', '=', 2).execute(),
    )
    const message = 'Media not found'
    expect(await collect([1, 2, 77], { add: [a] })).toMatchObject([
      { id: 2, message },
      { id: 77, message },
    ])
    expect(await readOrder(database, a)).toEqual([1])
  })

  it('is refused for a collection that is not there, deleted or a saved search', async () => {
    const search = await add(database, 'Search', { query: 'search=x' })
    expect(await refusalOf(collect([1], { add: [77] }))).toMatch(/^404 Collection not found/)
    expect(await refusalOf(collect([1], { add: [a, search] }))).toMatch(/^400 .*saved search/)
    await database.write((trx) =>
      trx.updateTable('collections').set({ deleted: 1 }).where('id', '=', b).execute(),
    )
    expect(await refusalOf(collect([1], { add: [b] }))).toMatch(/^404/)
    expect(await readOrder(database, a)).toEqual([])
    // Taking out is done, even if there is nothing to do.
    expect(await collect([1], { remove: [77, b, search] })).toEqual([])
  })

  it('leaves an item as it is that would be in more than 256', async () => {
    const many: number[] = []
    for (let index = 0; index < 300; index += 1) {
      many.push(await add(database, `N ${index}`, { parent: a }))
    }
    expect(await collect([1, 2], { add: many.slice(0, 256) })).toEqual([])
    expect(await collect([1, 3], { add: many.slice(256, 257) })).toEqual([
      {
        id: 1,
        message: 'Invalid parameters',
        detail: 'Item 1 would be in more collections than the 256 that are allowed.',
      },
    ])
    expect(await readOrder(database, many[256] ?? 0)).toEqual([3])
    const swap = { add: many.slice(256, 257), remove: many.slice(0, 1) }
    expect(await collect([1], swap)).toEqual([])
    expect(await readOrder(database, many[256] ?? 0)).toEqual([3, 1])
    expect(await readOrder(database, many[0] ?? 0)).toEqual([2])
  })
})

describe('the collections of one item', () => {
  it('are changed with its other members', async () => {
    const edited = await editMedia(database, 2, { collections: [a, b] })
    expect(edited).toMatchObject({ collections: [a, b], revision: 2 })
    await editMedia(database, 1, { collections: [a] })
    await editMedia(database, 2, { name: 'Renamed' })
    await editMedia(database, 2, { collections: [a] })
    expect(await readOrder(database, a)).toEqual([2, 1])
    expect(await readOrder(database, b)).toEqual([])
    const search = await add(database, 'Search', { query: 'search=x' })
    const edit = (collections: number[]) => refusalOf(editMedia(database, 1, { collections }))
    expect(await edit([a, 77])).toMatch(/^400 Invalid parameters: .*77/)
    expect(await edit([search])).toMatch(/^400 Invalid parameters: .*saved search/)
    expect(await readMemberships(database)).toEqual({ 1: [a, 'r2'], 2: [a, 'r4'], 3: ['r1'] })
  })

  it('lose it when it is deleted', async () => {
    await collect([1, 2, 3], { add: [a, b] })
    const library = {
      database,
      journal: { condemn: async () => [], removeCondemned: async () => {} },
      renders: { end: async () => {} },
    } as unknown as Library
    await removeItems(library, [1, 3])
    expect(await readOrder(database, a)).toEqual([2])
    expect(await readOrder(database, b)).toEqual([2])
  })
})
