import { beforeEach, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { listCollections } from '../../media/collections/collection.ts'
import { add } from '../../media/collections/collections.fixture.ts'
import type { Mapping, MappingEntry } from './mapping.ts'
import { placeCollections } from './place-collections.ts'
import type { SourceCollection } from './source.ts'

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
})

/** A mapping in memory. */
function startMapping() {
  const collections = new Map<string, number>()
  const mapping: Mapping = {
    collections,
    has: () => false,
    async write(entry: MappingEntry) {
      if ('collection' in entry) collections.set(entry.collection, entry.id)
    },
    close: async () => {},
  }
  return mapping
}

async function* each(collections: readonly SourceCollection[]) {
  yield* collections
}

const place = async (collections: readonly SourceCollection[], mapping = startMapping()) =>
  Object.fromEntries(await placeCollections(database, each(collections), mapping))

const tree = async () =>
  (await listCollections(database.read)).map(({ name, parent }) => [name, parent])

const TRIPS: readonly SourceCollection[] = [
  { id: 'a', name: ' Trips\n', description: 'All\nof them' },
  { id: 'b', name: 'Holiday', parent: 'a' },
  { id: 'c', name: 'HOLIDAY', parent: 'a' },
  { id: 'd', name: '', parent: 'b' },
]

it('makes the collections of a source once, two of one name too', async () => {
  const mapping = startMapping()
  const ids = await place(TRIPS, mapping)
  const made = [
    ['Trips', null],
    ['Holiday', ids.a],
    ['—', ids.b],
    ['HOLIDAY (2)', ids.a],
  ]
  expect(await tree()).toEqual(made)
  expect((await listCollections(database.read))[0]).toMatchObject({ description: 'All\nof them' })
  expect(await place(TRIPS, mapping)).toEqual(ids)
  // Without the mapping, by their names.
  expect(await place(TRIPS)).toEqual(ids)
  expect(await tree()).toEqual(made)
})

it('uses those that people made, and no saved search', async () => {
  const trips = await add(database, 'trips')
  const search = await add(database, 'Holiday', { parent: trips, query: 'search=x' })
  const ids = await place(TRIPS)
  expect(ids.a).toBe(trips)
  expect(Object.values(ids)).not.toContain(search)
  expect(await tree()).toEqual([
    ['trips', null],
    ['Holiday', trips],
    ['Holiday (2)', trips],
    ['—', ids.b],
    ['HOLIDAY (3)', trips],
  ])
})

it('makes anew what people deleted, and finds what they moved or renamed', async () => {
  const mapping = startMapping()
  const ids = await place(TRIPS, mapping)
  await database.write((trx) =>
    trx
      .updateTable('collections')
      .set({ deleted: 1 })
      .where('id', '=', ids.d ?? 0)
      .execute(),
  )
  await database.write((trx) =>
    trx
      .updateTable('collections')
      .set({ name: 'Sea', folded: 'sea', parent: null })
      .where('id', '=', ids.b ?? 0)
      .execute(),
  )
  const again = await place(TRIPS, mapping)
  expect(again).toEqual({ ...ids, d: again.d })
  expect(again.d).toBeGreaterThan(ids.c ?? 0)
  expect(await tree()).toContainEqual(['—', ids.b])
})

it('puts what is too deep beside its parent', async () => {
  const line = Array.from({ length: 10 }, (_, index) => ({
    id: String(index),
    name: `Level ${index + 1}`,
    ...(index > 0 && { parent: String(index - 1) }),
  }))
  const ids = await place(line)
  const made = await listCollections(database.read)
  const parentOf = (id: number | undefined) => made.find((it) => it.id === id)?.parent
  expect([7, 8, 9].map((index) => parentOf(ids[index]))).toEqual([ids[6], ids[6], ids[6]])
  expect(await place(line)).toEqual(ids)
})
