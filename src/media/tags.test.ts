import { describe, expect, it } from 'vitest'
import { fillDatabase } from '../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { type ItemState, updateDerived } from './change/derived.ts'
import { countTags, listTags, parseTags, recountTags, tallyTags } from './tags.ts'

const EMPTY: Omit<ItemState, 'id' | 'tags'> = {
  file_id: 1,
  name: 'x',
  file_name: null,
  alt: null,
  description: null,
  credit: null,
  copyright: null,
  source: null,
  rating: 0,
  focus: null,
  focus_key: null,
  taken_at: null,
  translations: '{}',
  location: null,
  collections: '[]',
  positions: null,
  added_by: null,
  added_at: 0,
  changed_at: 0,
  trashed_at: null,
  type: 'image/jpeg',
  size: 1,
  width: 1,
  height: 1,
  frames: 1,
  color: '#808080',
  reveals: null,
}

const all = (database: Database, search = '', limit = 1000) =>
  listTags(database.read, { search, limit })

/** Stands for an item with these tags and nothing else. */
const withTags = (id: number, tags: readonly string[]): ItemState => ({
  ...EMPTY,
  id,
  tags: JSON.stringify(tags),
})

describe('tags in use', () => {
  it('are counted as items get, change and lose them, whatever their case', async () => {
    const database = await openTemporaryDatabase()
    const change = (id: number, before: string[] | undefined, after: string[] | undefined) =>
      database.write((trx) =>
        updateDerived(trx, [
          { before: before && withTags(id, before), after: after && withTags(id, after) },
        ]),
      )
    await change(1, undefined, ['red', 'car'])
    await change(2, undefined, ['red', 'Blue'])
    await change(3, undefined, ['RED', 'blue', 'Red'])
    const expected = [
      { tag: 'red', count: 3 },
      { tag: 'Blue', count: 2 },
      { tag: 'car', count: 1 },
    ]
    expect(await all(database)).toEqual({ tags: expected, total: 3 })
    await change(2, ['red', 'Blue'], ['Red', 'BLUE'])
    expect((await all(database)).tags.map(({ tag }) => tag)).toEqual(['Red', 'BLUE', 'car'])
    await change(1, ['red', 'car'], ['blue'])
    expect(await all(database)).toEqual({
      tags: [
        { tag: 'blue', count: 3 },
        { tag: 'Red', count: 2 },
      ],
      total: 2,
    })
    await change(1, ['blue'], undefined)
    await change(2, ['Red', 'BLUE'], [])
    await change(3, ['RED', 'blue', 'Red'], [])
    expect(await all(database)).toEqual({ tags: [], total: 0 })
    expect(await database.read.selectFrom('tags').selectAll().execute()).toEqual([])
  })

  it('are those of items that are not in the trash', async () => {
    const database = await openTemporaryDatabase()
    const item = withTags(1, ['red'])
    const trashed = { ...item, trashed_at: 5 }
    await database.write((trx) =>
      updateDerived(trx, [{ after: item }, { after: withTags(2, ['Red', 'blue']) }]),
    )
    await database.write((trx) => updateDerived(trx, [{ before: item, after: trashed }]))
    const tags = [
      { tag: 'Red', count: 1 },
      { tag: 'blue', count: 1 },
    ]
    expect(await all(database)).toEqual({ tags, total: 2 })
    await database.write((trx) => updateDerived(trx, [{ before: withTags(2, ['Red', 'blue']) }]))
    expect(await all(database)).toEqual({ tags: [], total: 0 })
    await database.write((trx) => updateDerived(trx, [{ before: trashed, after: item }]))
    expect(await all(database)).toEqual({ tags: [{ tag: 'red', count: 1 }], total: 1 })
  })

  it('never fall below zero, whatever was counted wrongly before', async () => {
    const database = await openTemporaryDatabase()
    const counts = () => database.read.selectFrom('tags').select(['tag', 'count']).execute()
    await database.write((trx) => countTags(trx, ['unknown', 'unknown'], ['new']))
    expect(await counts()).toEqual([{ tag: 'new', count: 1 }])
    await database.write((trx) => countTags(trx, ['new', 'new'], []))
    expect(await counts()).toEqual([])
  })

  it('may be more than one statement takes', async () => {
    const database = await openTemporaryDatabase()
    const items = Array.from({ length: 200 }, (_, index) =>
      withTags(
        index + 1,
        Array.from({ length: 64 }, (_, place) => `tag ${(index % 100) * 64 + place}`),
      ),
    )
    await database.write((trx) =>
      updateDerived(
        trx,
        items.map((after) => ({ after })),
      ),
    )
    expect(await all(database, '', 2)).toEqual({
      tags: [
        { tag: 'tag 0', count: 2 },
        { tag: 'tag 1', count: 2 },
      ],
      total: 6400,
    })
    await database.write((trx) =>
      updateDerived(
        trx,
        items.slice(1).map((before) => ({ before })),
      ),
    )
    expect(await all(database, '', 1)).toEqual({ tags: [{ tag: 'tag 0', count: 1 }], total: 64 })
  })

  it('are found by any part of them, folded as in searches', async () => {
    const database = await openTemporaryDatabase()
    const tags = ['Été', 'Straße', '東京タワー', 'new york', '100%', 'a_b']
    await database.write((trx) => updateDerived(trx, [{ after: withTags(1, tags) }]))
    const find = async (search: string) => (await all(database, search)).tags.map(({ tag }) => tag)
    expect(await find('ete')).toEqual(['Été'])
    expect(await find('ss')).toEqual(['Straße'])
    expect(await find('京')).toEqual(['東京タワー'])
    expect(await find('w y')).toEqual(['new york'])
    expect(await find('%')).toEqual(['100%'])
    expect(await find('_')).toEqual(['a_b'])
    expect(await find('york new')).toEqual([])
    expect(await all(database, 'e', 1)).toEqual({ tags: [{ tag: 'Straße', count: 1 }], total: 3 })
  })

  it('can be counted anew', async () => {
    const database = await openTemporaryDatabase()
    await fillDatabase(
      database,
      [['a', 'b'], ['b'], ['c'], []].map((tags) => ({ name: 'x', tags })),
    )
    await database.write(async (trx) => {
      await trx.updateTable('media').set({ tags: 'no JSON' }).where('id', '=', 3).execute()
      await countTags(trx, ['a'], ['b', 'other'])
    })
    const counts = { a: 1, b: 2 }
    expect(Object.fromEntries(await tallyTags(database.read))).toEqual(counts)
    await database.write(recountTags)
    const tags = await database.read.selectFrom('tags').select(['tag', 'count']).execute()
    expect(Object.fromEntries(tags.map(({ tag, count }) => [tag, count]))).toEqual(counts)
  })
})

describe('the tags of a row', () => {
  it.each([
    ['["a","b"]', ['a', 'b']],
    ['[]', []],
    ['["a",5,null,["b"]]', ['a']],
    ['"a"', []],
    ['5', []],
    ['["a"', []],
    ['', []],
  ])('%s are %j', (stored, tags) => {
    expect(parseTags(stored)).toEqual(tags)
  })
})
