import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { matchingIds } from '../list/search.ts'
import { listTags } from '../tags.ts'
import { pairStates, readStates, updateDerived } from './derived.ts'
import { createTagWork, findTagged, renameTag, type TagRename } from './rename-tag.ts'

describe('renaming a tag in a list of tags', () => {
  it.each([
    [['a', 'Sea', 'b'], 'sea', 'ocean', ['a', 'ocean', 'b']],
    [['a', 'b'], 'sea', 'ocean', ['a', 'b']],
    // Both tags: once, at the place of the first.
    [['sea', 'a', 'ocean'], 'sea', 'ocean', ['ocean', 'a']],
    [['ocean', 'a', 'sea'], 'sea', 'ocean', ['ocean', 'a']],
    [['a', 'OCEAN', 'b', 'SEA'], 'sea', 'Ocean', ['a', 'Ocean', 'b']],
    [['OCEAN', 'a'], 'sea', 'ocean', ['OCEAN', 'a']],
    // Another case of the same tag.
    [['sea', 'a', 'SEA'], 'Sea', 'Sea', ['Sea', 'a']],
    [['sea'], 'sea', 'SEA', ['SEA']],
    [['STRASSE', 'straße'], 'straße', 'Weg', ['Weg']],
    [['Sea', 'a', 'sea'], 'SEA', undefined, ['a']],
  ])('%j: %s to %s', (tags, from, to, expected) => {
    expect(renameTag(tags, { from, to })).toEqual(expected)
  })
})

describe('renaming a tag in a library', () => {
  let database: Database
  beforeEach(async () => {
    database = await openTemporaryDatabase()
    const tags = [['sea', 'a'], ['Sea'], ['b'], ['ocean', 'SEA'], ['sea']]
    await fillDatabase(
      database,
      tags.map((tags) => ({ name: 'x', tags })),
    )
    await database.write(async (trx) => {
      const before = await readStates(trx, [5])
      await trx.updateTable('media').set({ trashed_at: 5 }).where('id', '=', 5).execute()
      await updateDerived(trx, pairStates(before, await readStates(trx, [5])))
    })
  })

  async function change(rename: TagRename) {
    const { total, slices } = await findTagged(database.read, rename.from)
    const { work, conclude } = createTagWork(database, rename)
    const ids = (await Array.fromAsync<readonly number[]>(slices)).flat()
    for (const id of ids) expect(await work(database, [id])).toEqual([])
    await conclude()
    return { total, ids }
  }
  const readItems = () =>
    database.read
      .selectFrom('media')
      .select(['tags', 'revision', 'changed_at'])
      .orderBy('id')
      .execute()
  const readEntries = () =>
    database.read.selectFrom('audit').select(['action', 'subject', 'detail']).execute()

  it('changes the items of the library and of the trash, and no revision', async () => {
    const before = await readItems()
    expect(await change({ from: 'SEA', to: 'Ocean' })).toEqual({ total: 4, ids: [1, 2, 4, 5] })
    const tags = [['Ocean', 'a'], ['Ocean'], ['b'], ['Ocean'], ['Ocean']]
    expect(await readItems()).toEqual(
      before.map((item, index) => ({ ...item, tags: JSON.stringify(tags[index]) })),
    )
    expect((await listTags(database.read, { search: '', limit: 9 })).tags).toEqual([
      { tag: 'Ocean', count: 3 },
      { tag: 'a', count: 1 },
      { tag: 'b', count: 1 },
    ])
    const { rows } = await matchingIds(database.read, ['ocean']).execute(database.read)
    expect(rows.map(({ id }) => id).sort()).toEqual([1, 2, 4])
    expect((await findTagged(database.read, 'sea')).total).toBe(0)
    expect(await readEntries()).toEqual([
      {
        action: 'tag-renamed',
        subject: null,
        detail: JSON.stringify({ from: 'SEA', to: 'Ocean', items: 4 }),
      },
    ])
  })

  it('leaves no entry where nothing is to be changed', async () => {
    expect((await change({ from: 'nothing', to: 'x' })).total).toBe(0)
    await change({ from: 'b', to: 'b' })
    expect(await readEntries()).toEqual([])
  })

  it('removes it', async () => {
    await change({ from: 'sea', to: undefined })
    const tags = (await readItems()).map(({ tags }) => JSON.parse(tags))
    expect(tags).toEqual([['a'], [], ['b'], ['ocean'], []])
    expect(await readEntries()).toEqual([
      { action: 'tag-removed', subject: null, detail: JSON.stringify({ tag: 'sea', items: 4 }) },
    ])
  })
})
