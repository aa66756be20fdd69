import { expect } from 'vitest'
import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { readVersion } from '../library-state.ts'
import { collectionOrder } from '../order/lists.ts'
import { readOrderPage } from '../order/order-pages.ts'
import { addCollection } from './change-collection.ts'
import { readNewCollection } from './collection-fields.ts'

/** Makes a collection from a body, as a route does. @returns its id */
export async function add(
  database: Database,
  name: string,
  more: { parent?: number | null; query?: string } = {},
): Promise<number> {
  return (await addCollection(database, readNewCollection({ name, ...more }))).id
}

/** What an error says, or what came of the work. */
export const refusalOf = (work: Promise<unknown>) =>
  work.then(
    (value) => value,
    (error) => {
      if (error instanceof AppError) return `${error.status} ${error.message}: ${error.detail}`
      throw error
    },
  )

/**
 * The items of a collection that are not in the trash, in its own order. Expects its rows and the lists that are read
 * to say the same.
 */
export async function readOrder(database: Database, collection: number): Promise<number[]> {
  const rows = await database.read
    .selectFrom('collection_items')
    .innerJoin('media', 'media.id', 'media_id')
    .select(['media_id', 'trashed_at'])
    .where('collection_id', '=', collection)
    .orderBy('position')
    .execute()
  const [live = [], trashed = []] = [false, true].map((isTrash) =>
    rows.filter((row) => (row.trashed_at !== null) === isTrash).map((row) => row.media_id),
  )
  expect(await readList(database, collection, false)).toEqual(live)
  expect(await readList(database, collection, true)).toEqual(trashed)
  return live
}

async function readList(database: Database, collection: number, isTrash: boolean) {
  const { version } = await readVersion(database.read)
  const order = collectionOrder(collection)
  const page = await readOrderPage(database.run, version, order, isTrash, {
    descending: false,
    offset: 0,
    limit: 100_000,
  })
  return Array.from(page ?? [])
}

/** The collections of each item, with its revision. */
export async function readMemberships(database: Database): Promise<Record<number, unknown>> {
  const rows = await database.read
    .selectFrom('media')
    .select(['id', 'collections', 'revision'])
    .orderBy('id')
    .execute()
  return Object.fromEntries(
    rows.map(({ id, collections, revision }) => [id, [...JSON.parse(collections), `r${revision}`]]),
  )
}
