import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { listIds } from '../filter/id-set.ts'
import { readVersion } from '../library-state.ts'
import { chooseNow } from '../list/choose-items.ts'
import { readPatch } from '../members.ts'
import { createManyEdit } from './edit-many.ts'
import { readNamePattern } from './name-pattern.ts'

const FULL = Array.from({ length: 64 }, (_, index) => `t${index}`)

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
  const tags = [['a', 'Sea'], [], FULL, ['b']]
  await fillDatabase(
    database,
    tags.map((tags, index) => ({ name: `Item ${index + 1}`, tags })),
  )
})

const NO_TAGS = { add: [], remove: [] }
const rename = (text: string) => ({ text, pattern: readNamePattern(text) })
const readItems = () => database.read.selectFrom('media').selectAll().orderBy('id').execute()
const told = (failed: Awaited<ReturnType<ReturnType<typeof createManyEdit>>>) =>
  failed.map(({ id, error }) => ({ id, detail: error.detail }))

describe('editing several items', () => {
  it('sets members and tags, and counts a revision of each', async () => {
    const before = await readItems()
    const patch = {
      alt: '',
      credit: 'Ada',
      rating: 4,
      focus: { x: 0.5, y: 0.25 },
      takenAt: '2026-03-14T15:09:26',
      translations: { de: { alt: 'Meer' } },
    }
    const edit = createManyEdit({ set: readPatch(patch), tags: { add: ['new'], remove: ['SEA'] } })
    expect(told(await edit(database, [1, 2, 3, 77]))).toEqual([
      { id: 77, detail: 'There is no media item with id 77.' },
      { id: 3, detail: 'Item 3 would have more tags than the 64 that are allowed.' },
    ])
    const after = await readItems()
    const changed = {
      alt: '',
      credit: 'Ada',
      rating: 4,
      focus: '{"x":0.5,"y":0.25}',
      taken_at: '2026-03-14T15:09:26',
      translations: '{"de":{"alt":"Meer"}}',
      revision: 2,
      changed_at: expect.any(Number),
      // The key follows from the focus.
      focus_key: expect.stringMatching(/^[\w-]{22}$/),
    }
    expect(after).toEqual([
      { ...before[0], ...changed, tags: '["a","new"]' },
      { ...before[1], ...changed, tags: '["new"]' },
      ...before.slice(2),
    ])
    // What is derived follows.
    const { layout, set } = await chooseNow(database.read, {
      filter: { minRating: 4, tag: ['new'] },
      terms: [],
    })
    expect([...listIds(layout, set)]).toEqual([1, 2])
    const entries = await database.read.selectFrom('audit').select(['action', 'detail']).execute()
    expect(entries).toEqual([
      {
        action: 'media-edited',
        detail: JSON.stringify({
          ids: [1, 2],
          membersSet: Object.keys(patch).sort((a, b) => KEYS.indexOf(a) - KEYS.indexOf(b)),
          tagsAdded: ['new'],
          tagsRemoved: ['SEA'],
        }),
      },
    ])
  })

  it('patches the translations of each, and leaves those that would have too many', async () => {
    const languages = Object.fromEntries(
      Array.from({ length: 32 }, (_, index) => [
        `${'abcdefgh'[index >> 2]}${'wxyz'[index & 3]}`,
        { alt: 'x' },
      ]),
    )
    await database.write((trx) =>
      trx
        .updateTable('media')
        .set({ translations: JSON.stringify(languages) })
        .where('id', '=', 1)
        .execute(),
    )
    const set = readPatch({ translations: { de: { alt: 'Meer' } } })
    const failed = await createManyEdit({ set, tags: NO_TAGS })(database, [1, 2])
    expect(told(failed)).toEqual([
      {
        id: 1,
        detail: 'Item 1 would have translations in more than the 32 languages that are allowed.',
      },
    ])
    expect((await readItems())[1]?.translations).toBe('{"de":{"alt":"Meer"}}')
  })

  it('renames by a pattern, with one running number over all batches', async () => {
    await database.write((trx) =>
      trx
        .updateTable('media')
        .set({ taken_at: '2025-12-24T18:00:00+01:00' })
        .where('id', '=', 2)
        .execute(),
    )
    const edit = createManyEdit({ set: {}, tags: NO_TAGS, rename: rename('{date} {name} {n:2}') })
    expect(await edit(database, [1, 2])).toEqual([])
    expect(told(await edit(database, [3, 9, 4]))).toHaveLength(1)
    expect((await readItems()).map(({ name }) => name)).toEqual([
      '1970-01-01 Item 1 01',
      '2025-12-24 Item 2 02',
      '1970-01-01 Item 3 03',
      '1970-01-01 Item 4 04',
    ])
    const long = createManyEdit({
      set: {},
      tags: NO_TAGS,
      rename: rename(`{name}${'x'.repeat(240)}`),
    })
    expect(told(await long(database, [1]))).toEqual([
      {
        id: 1,
        detail: 'Item 1 would get a name of more than the 255 characters that are allowed.',
      },
    ])
  })

  it('puts them into collections', async () => {
    await database.write((trx) =>
      trx
        .insertInto('collections')
        .values({ name: 'Trips', folded: 'trips', position: 1 })
        .execute(),
    )
    const edit = createManyEdit({ set: { collections: [1] }, tags: NO_TAGS })
    expect(await edit(database, [1, 2])).toEqual([])
    const { layout, set } = await chooseNow(database.read, { filter: { collection: 1 }, terms: [] })
    expect([...listIds(layout, set)]).toEqual([1, 2])
    const rows = await database.read.selectFrom('collection_items').select('media_id').execute()
    expect(rows).toHaveLength(2)
    await createManyEdit({ set: { collections: [] }, tags: NO_TAGS })(database, [1])
    expect((await readItems()).map(({ collections }) => collections).slice(0, 2)).toEqual([
      '[]',
      '[1]',
    ])
  })

  it('changes nothing of items that do not exist', async () => {
    const before = await readVersion(database.read)
    const failed = await createManyEdit({ set: { rating: 1 }, tags: NO_TAGS })(database, [50])
    expect(failed).toHaveLength(1)
    expect(await readVersion(database.read)).toEqual(before)
  })
})

const KEYS = ['alt', 'credit', 'rating', 'focus', 'takenAt', 'translations']
