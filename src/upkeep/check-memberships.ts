import { sql } from 'kysely'
import { isPostgres } from '../database/engine.ts'
import type { Queries } from '../database/tables.ts'
import { pairStates, readStates, updateDerived } from '../media/change/derived.ts'
import { setCollections } from '../media/collections/membership.ts'
import { placeBetween } from '../media/collections/positions.ts'
import { countVersion } from '../media/library.ts'
import { numberKey } from '../media/order/keys.ts'
import { collectionOrder, listOf } from '../media/order/lists.ts'
import { changeOrderEntries, dropOrder } from '../media/order/orders.ts'
import { type Check, type Finding, nameItem } from './finding.ts'

const BATCH = 1000
const MAX_ITEMS_NAMED = 5
/** The first position that no key of an order holds. */
const POSITION_END = 2 ** 48

/**
 * Checks that items name the collections that they are in, that each has a place of its own there, and that saved
 * searches hold none. The rows of `collection_items` count, because they have the order too.
 */
export const checkMemberships: Check = async function* ({ database: { read } }, advance) {
  const { rows: strays } = await sql<{ media_id: number }>`
    SELECT DISTINCT media_id FROM collection_items
    WHERE media_id NOT IN (SELECT id FROM media) ORDER BY media_id`.execute(read)
  for (const { media_id: id } of strays) yield takeOutStray(id)

  for (let after = 0; ; ) {
    const items = await readMembers(read, after)
    for (const _ of items) advance()
    const wrong = items.filter((item) => item.collections !== membersOf(item))
    if (wrong.length > 0) yield writeAnew(wrong)
    const last = items.at(-1)
    if (!last || items.length < BATCH) break
    after = last.id
  }

  const { rows: searches } = await sql<{ id: number; name: string; count: number }>`
    SELECT id, name, count(*) AS count FROM collections JOIN collection_items ON collection_id = id
    WHERE query IS NOT NULL AND deleted = 0 GROUP BY id, name ORDER BY id`.execute(read)
  for (const { id, name, count } of searches) {
    yield {
      problem: `The saved search ${id} ${JSON.stringify(name)} holds items, and should hold none: ${count}.`,
      remedy: `Take them out of it with POST /media/bulk/collections, or delete it.`,
    }
  }

  const { rows: orders } = await sql<{ id: number; name: string }>`
    SELECT id, name FROM collections WHERE deleted = 0 AND (
      SELECT count(*) <> count(DISTINCT position)
        OR coalesce(min(position), 0) < 0 OR coalesce(max(position), 0) >= ${POSITION_END}
      FROM collection_items WHERE collection_id = id
    ) ORDER BY id`.execute(read)
  for (const row of orders) yield placeAnew(row)
}

/** The items above an id that name a collection or are in one, each with those that it is in as JSON. */
async function readMembers(db: Queries, after: number) {
  const members = isPostgres(db)
    ? sql`json_agg(collection_id ORDER BY collection_id)::text`
    : sql`json_group_array(collection_id ORDER BY collection_id)`
  const { rows } = await sql<{
    id: number
    name: string
    collections: string
    members: string | null
  }>`
    SELECT id, name, collections,
      (SELECT ${members} FROM collection_items WHERE media_id = media.id) AS members
    FROM media
    WHERE id > ${after} AND (
      collections <> '[]' OR EXISTS (SELECT 1 FROM collection_items WHERE media_id = media.id)
    )
    ORDER BY id LIMIT ${sql.lit(BATCH)}`.execute(db)
  return rows
}

/** As `media.collections` must be. PostgreSQL writes spaces into JSON. */
const membersOf = ({ members }: { members: string | null }): string =>
  JSON.stringify(JSON.parse(members ?? '[]'))

function writeAnew(items: readonly { id: number; name: string }[]): Finding {
  const named = items.slice(0, MAX_ITEMS_NAMED).map(nameItem)
  if (items.length > MAX_ITEMS_NAMED) named.push('more')
  return {
    problem: `The collections that items name are not those that they are in: ${named.join(', ')}.`,
    remedy: 'Writes those that they are in.',
    async repair({ database }) {
      const ids = items.map(({ id }) => id)
      await database.write(async (trx) => {
        const before = await readStates(trx, ids)
        const present = (await readMembers(trx, (ids[0] ?? 1) - 1)).map((item) => ({
          id: item.id,
          collections: membersOf(item),
        }))
        const known = new Map(before.map(({ id, collections }) => [id, collections]))
        const changed = present.filter(({ id, collections }) => {
          const named = known.get(id)
          return named !== undefined && named !== collections
        })
        if (changed.length === 0) return
        await setCollections(trx, changed)
        await countVersion(trx)
        const changedIds = changed.map(({ id }) => id)
        const after = await readStates(trx, changedIds)
        // What filters and orders have already is not counted twice: they are checked after this.
        await updateDerived(
          trx,
          pairStates(
            before.filter(({ id }) => changedIds.includes(id)),
            after,
          ),
        )
      })
      return { done: 'Wrote those that they are in.' }
    },
  }
}

const takeOutStray = (id: number): Finding => ({
  problem: `An item ${id} that is not there is in collections.`,
  remedy: 'Takes it out of them.',
  async repair({ database }) {
    await database.write(async (trx) => {
      await trx.deleteFrom('collection_items').where('media_id', '=', id).execute()
      await countVersion(trx)
    })
    return { done: 'Took it out of them.' }
  },
})

const placeAnew = ({ id, name }: { id: number; name: string }): Finding => ({
  problem: `Items of the collection ${id} ${JSON.stringify(name)} have no places of their own in its order.`,
  remedy: 'Gives them places of their own.',
  async repair({ database }) {
    await database.write(async (trx) => {
      const items = await trx
        .selectFrom('collection_items')
        .innerJoin('media', 'media.id', 'media_id')
        .select(['media.id', 'trashed_at'])
        .where('collection_id', '=', id)
        .orderBy('position')
        .orderBy('media_id')
        .execute()
      const places = placeBetween(undefined, undefined, items.length) ?? []
      const placed = items.map((item, index) => ({ ...item, position: places[index] ?? 0 }))
      for (const { id: item, position } of placed) {
        await trx
          .updateTable('collection_items')
          .set({ position })
          .where('collection_id', '=', id)
          .where('media_id', '=', item)
          .execute()
      }
      await countVersion(trx)
      for (const isTrash of [false, true]) {
        const list = listOf(collectionOrder(id), isTrash)
        await dropOrder(trx, list)
        await changeOrderEntries(trx, list, {
          insert: placed
            .filter(({ trashed_at }) => (trashed_at !== null) === isTrash)
            .map((item) => ({ id: item.id, key: numberKey(item.position) })),
        })
      }
    })
    return { done: 'Gave them places of their own.' }
  },
})
