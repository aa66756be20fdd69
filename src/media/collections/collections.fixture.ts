import { AppError } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
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

/** The items of a collection, in its own order. */
export async function readOrder(database: Database, collection: number): Promise<number[]> {
  const rows = await database.read
    .selectFrom('collection_items')
    .select('media_id')
    .where('collection_id', '=', collection)
    .orderBy('position')
    .execute()
  return rows.map((row) => row.media_id)
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
