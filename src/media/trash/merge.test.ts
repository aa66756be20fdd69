import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { countMedia } from '../list/rank.ts'
import { matchingIds } from '../list/search.ts'
import { listTags } from '../tags.ts'
import { mergeMedia } from './merge.ts'
import { restoreItems } from './trash.ts'

const COUNT = 1001

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    Array.from({ length: COUNT }, (_, index) => ({
      name: `Item ${index}`,
      tags: ['all', `tag ${index % 7}`],
    })),
  )
})

const find = async (term: string) => {
  const { rows } = await matchingIds(database.read, [term]).execute(database.read)
  return rows.map(({ id }) => id)
}

describe('merging a thousand items', () => {
  it('takes them out of everything at once, and a restore brings each back', async () => {
    const ids = Array.from({ length: COUNT - 1 }, (_, index) => COUNT - index)
    const { media, warnings } = await mergeMedia(database, { into: 1, ids })
    expect(warnings).toEqual([])
    // In the order of `ids`.
    expect(media.tags).toEqual(['all', 'tag 0', ...[6, 5, 4, 3, 2, 1].map((n) => `tag ${n}`)])
    expect([media.revision, await countMedia(database.read), await find('item')]).toEqual([
      2,
      1,
      [1],
    ])
    const { tags, total } = await listTags(database.read, { search: '', limit: 100 })
    expect(total).toBe(8)
    expect(tags.every(({ count }) => count === 1)).toBe(true)

    expect(await restoreItems(database, [500, 501])).toEqual([])
    expect((await find('item')).sort((a, b) => a - b)).toEqual([1, 500, 501])
    const rows = await database.read
      .selectFrom('media')
      .select(['id', 'merged_into', 'revision'])
      .where('id', 'in', [499, 500])
      .orderBy('id')
      .execute()
    expect(rows).toEqual([
      { id: 499, merged_into: 1, revision: 1 },
      { id: 500, merged_into: null, revision: 1 },
    ])
  })

  it('changes nothing if one of them is in the trash', async () => {
    await mergeMedia(database, { into: 1, ids: [2] })
    const { rows } = { rows: await database.read.selectFrom('media').selectAll().execute() }
    await expect(mergeMedia(database, { into: 3, ids: [4, 2] })).rejects.toMatchObject({
      status: 404,
      detail: 'Item 2 is in the trash.',
    })
    expect(await database.read.selectFrom('media').selectAll().execute()).toEqual(rows)
  })

  it('leaves an item alone that lacks nothing', async () => {
    const { media } = await mergeMedia(database, { into: 1, ids: [8] })
    expect([media.tags, media.revision]).toEqual([['all', 'tag 0'], 1])
  })
})
