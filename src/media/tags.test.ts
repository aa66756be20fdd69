import { describe, expect, it } from 'vitest'
import { fillDatabase } from '../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { countTags, listTags, parseTags, recountTags, tallyTags } from './tags.ts'

const all = (database: Database, search = '', limit = 1000) =>
  listTags(database.read, { search, limit })

describe('tags in use', () => {
  it('are counted as items get, change and lose them', async () => {
    const database = await openTemporaryDatabase()
    const change = (before: string[], after: string[]) =>
      database.write((trx) => countTags(trx, before, after))
    await change([], ['red', 'car', 'red', 'Red'])
    expect(await all(database)).toEqual({
      tags: [
        { tag: 'red', count: 2 },
        { tag: 'Red', count: 1 },
        { tag: 'car', count: 1 },
      ],
      total: 3,
    })
    await change(['red', 'car'], ['red', 'blue'])
    expect((await all(database)).tags).toEqual([
      { tag: 'red', count: 2 },
      { tag: 'Red', count: 1 },
      { tag: 'blue', count: 1 },
    ])
    await change(['red', 'red', 'Red', 'blue'], [])
    expect(await all(database)).toEqual({ tags: [], total: 0 })
  })

  it('never fall below zero, whatever was counted wrongly before', async () => {
    const database = await openTemporaryDatabase()
    await database.write((trx) => countTags(trx, ['unknown', 'unknown'], ['new']))
    expect((await all(database)).tags).toEqual([{ tag: 'new', count: 1 }])
    await database.write((trx) => countTags(trx, ['new', 'new'], []))
    expect(await all(database)).toEqual({ tags: [], total: 0 })
  })

  it('may be more than one statement takes', async () => {
    const database = await openTemporaryDatabase()
    const tags = Array.from({ length: 6400 }, (_, index) => `tag ${index}`)
    await database.write((trx) => countTags(trx, [], [...tags, ...tags]))
    expect(await all(database, '', 2)).toEqual({
      tags: [
        { tag: 'tag 0', count: 2 },
        { tag: 'tag 1', count: 2 },
      ],
      total: 6400,
    })
    await database.write((trx) => countTags(trx, [...tags, ...tags.slice(1)], []))
    expect(await all(database)).toEqual({ tags: [{ tag: 'tag 0', count: 1 }], total: 1 })
  })

  it('are found by any part of them, folded as in searches', async () => {
    const database = await openTemporaryDatabase()
    const tags = ['Été', 'Straße', '東京タワー', 'new york', '100%', 'a_b']
    await database.write((trx) => countTags(trx, [], tags))
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
    const { tags } = await all(database)
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
