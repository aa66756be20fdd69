import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { readVersion } from '../library-state.ts'
import { matchingIds } from '../list/search.ts'
import { listTags } from '../tags.ts'
import { retagItems, type TagChange } from './retag.ts'

const FULL = Array.from({ length: 64 }, (_, index) => `t${index}`)
const ITEMS = [['a', 'b', 'c'], ['c', 'a'], [], FULL]

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    ITEMS.map((tags) => ({ name: 'x', tags })),
  )
})

async function retag(ids: number[], change: Partial<TagChange>) {
  const failed = await retagItems(database, ids, { add: [], remove: [], ...change })
  return failed.map(({ id, error: { message, detail } }) => ({ id, message, detail }))
}

async function readTags() {
  const rows = await database.read.selectFrom('media').select('tags').orderBy('id').execute()
  return rows.map(({ tags }) => JSON.parse(tags))
}

async function countsOf(...tags: string[]) {
  const all = await listTags(database.read, { search: '', limit: 1000 })
  return tags.map((tag) => all.tags.find((it) => it.tag === tag)?.count ?? 0)
}

describe('changing the tags of several items', () => {
  it('adds no tag that an item has in another case', async () => {
    expect(await retag([2], { add: ['C', 'B', 'b'] })).toEqual([])
    expect((await readTags())[1]).toEqual(['c', 'a', 'B'])
  })

  it('adds at the end the tags that an item lacks, and keeps the order of the rest', async () => {
    expect(await retag([1, 2, 3], { add: ['new', 'c'] })).toEqual([])
    expect(await readTags()).toEqual([
      ['a', 'b', 'c', 'new'],
      ['c', 'a', 'new'],
      ['new', 'c'],
      FULL,
    ])
    expect(await countsOf('a', 'b', 'c', 'new')).toEqual([2, 1, 3, 3])
  })

  it('removes, and then adds', async () => {
    expect(await retag([1, 2, 3], { add: ['new'], remove: ['a', 'nothing'] })).toEqual([])
    expect(await readTags()).toEqual([['b', 'c', 'new'], ['c', 'new'], ['new'], FULL])
    expect(await countsOf('a', 'nothing', 'new')).toEqual([0, 0, 3])
  })

  it('is found by searches at once', async () => {
    await retag([1, 3], { add: ['zed'], remove: ['b'] })
    const find = async (term: string) => {
      const { rows } = await matchingIds(database.read, [term]).execute(database.read)
      return rows.map(({ id }) => id).sort()
    }
    expect(await find('zed')).toEqual([1, 3])
    expect(await find('b')).toEqual([])
    expect(await find('x')).toEqual([1, 2, 3, 4])
  })

  it('fails for items that would have too many, and for no others', async () => {
    expect(await retag([1, 4], { add: ['new'] })).toEqual([
      {
        id: 4,
        message: 'Invalid parameters',
        detail: 'Item 4 would have more tags than the 64 that are allowed.',
      },
    ])
    expect((await readTags())[3]).toEqual(FULL)
    expect(await retag([4], { add: ['new'], remove: ['t5'] })).toEqual([])
    expect((await readTags())[3]).toEqual([...FULL.filter((tag) => tag !== 't5'), 'new'])
    expect(await countsOf('new', 't5')).toEqual([2, 0])
  })

  it('fails for items that do not exist', async () => {
    expect(await retag([2, 50], { add: ['new'] })).toEqual([
      { id: 50, message: 'Media not found', detail: 'There is no media item with id 50.' },
    ])
    expect((await readTags())[1]).toEqual(['c', 'a', 'new'])
  })

  it('changes nothing if every item already has the wanted tags', async () => {
    const before = await readVersion(database.read)
    expect(await retag([1, 2], { add: ['a'], remove: ['zebra'] })).toEqual([])
    expect(await readVersion(database.read)).toEqual(before)
    await retag([1], { add: ['z'] })
    expect((await readVersion(database.read)).version).toBe(before.version + 1)
  })

  it('replaces tags that cannot be read', async () => {
    await database.write((trx) =>
      trx.updateTable('media').set({ tags: 'no JSON' }).where('id', '=', 3).execute(),
    )
    expect(await retag([3], { add: ['new'] })).toEqual([])
    expect((await readTags())[2]).toEqual(['new'])
  })
})
