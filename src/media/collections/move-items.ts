import { sql } from 'kysely'
import { type Actor, COMMAND_LINE, recordAudit, writeAs } from '../../audit/record.ts'
import { parametersInvalid } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { countVersion } from '../library.ts'
import { numberKey } from '../order/keys.ts'
import { collectionOrder, listOf } from '../order/lists.ts'
import { changeOrderEntries } from '../order/orders.ts'
import { collectionSubject } from './change-collection.ts'
import { type Collection, findCollection, readCollection } from './collection.ts'
import { collectionNotFound } from './collection-errors.ts'
import type { Move } from './move-fields.ts'
import { placeBetween } from './positions.ts'

/** Neighbours on each side that get new positions first, where there is no room between two. */
const NEIGHBOURS = 16
/** The least gap between new positions of neighbours. A smaller one would soon be used up again. */
const LEAST_GAP = 2 ** 10

/**
 * Moves items within the order of a collection.
 *
 * @param move as `readMove` returns it
 * @throws AppError 404 "Collection not found"; 400 "Invalid parameters" for a saved search, and for items that are not
 *   in the collection
 */
export async function moveItems(
  database: Database,
  id: number,
  { ids, before }: Move,
  by: Actor = COMMAND_LINE,
): Promise<Collection> {
  const now = await database.now()
  return writeAs(database, by, async (trx) => {
    const collection = await findCollection(trx, id)
    if (!collection) throw collectionNotFound(id)
    if (collection.query !== null) {
      throw parametersInvalid(`Collection ${id} is a saved search, which has no order of its own.`)
    }
    const placed = await place(trx, id, ids, before)
    const changed = placed.filter(({ from, to }) => from !== to)
    if (changed.length === 0) return readCollection(trx, id)
    await runIn(trx, setPositions, id, JSON.stringify(changed.map((it) => [it.id, it.to])))
    await countVersion(trx)
    const subject = collectionSubject(id)
    const detail = { name: collection.name, ordered: ids }
    await recordAudit(trx, by, { action: 'collection-changed', subject, detail }, now)
    for (const isTrash of [false, true]) {
      const entries = changed.filter(({ isTrashed }) => isTrashed === isTrash)
      await changeOrderEntries(trx, listOf(collectionOrder(id), isTrash), {
        remove: entries.map(({ id, from }) => ({ id, key: numberKey(from) })),
        insert: entries.map(({ id, to }) => ({ id, key: numberKey(to) })),
      })
    }
    return readCollection(trx, id)
  })
}

interface Place {
  id: number
  position: number
  isTrashed: boolean
}

interface Placed {
  id: number
  isTrashed: boolean
  from: number
  to: number
}

/** New positions for the moved items, and for their neighbours if there is no room between them. */
async function place(
  trx: Queries,
  collection: number,
  ids: readonly number[],
  before: number | null,
): Promise<Placed[]> {
  const rows = await runIn(trx, findPlaces, collection, JSON.stringify([...ids, before ?? 0]))
  const places = new Map(rows.map((row) => [row.id, toPlace(row)]))
  const require = (id: number, name: string) => {
    const found = places.get(id)
    if (found) return found
    throw parametersInvalid(`${name} names item ${id}, which is not in collection ${collection}.`)
  }
  const moved = ids.map((id) => require(id, 'ids'))
  const next = before === null ? undefined : require(before, 'before')
  // Behind the last possible position.
  const target = next?.position ?? Number.MAX_SAFE_INTEGER
  const list = JSON.stringify(ids)

  // One more than are placed anew, as the neighbour beyond them. At last these are all.
  for (let width = 0; ; width = Math.max(NEIGHBOURS, 2 * width)) {
    const left = await runIn(trx, findBefore, collection, target, list, width + 1)
    const right = await runIn(trx, findFrom, collection, target, list, width + 1)
    const leftmost = left.splice(width)[0]
    const rightmost = right.splice(width)[0]
    if (width === 0 && isInPlace(leftmost, moved, rightmost)) return []
    const all = [...left.toReversed().map(toPlace), ...moved, ...right.map(toPlace)]
    const positions = placeBetween(leftmost?.position, rightmost?.position, all.length)
    const hasRoom =
      width === 0 ||
      leftmost === undefined ||
      rightmost === undefined ||
      rightmost.position - leftmost.position > LEAST_GAP * all.length
    if (positions && hasRoom) {
      return all.map(({ position, ...it }, index) => ({
        ...it,
        from: position,
        to: positions[index] ?? position,
      }))
    }
    if (leftmost === undefined && rightmost === undefined) {
      throw new Error(`Collection ${collection} has no room for the positions of its items.`)
    }
  }
}

/** Whether the items are in this order between their neighbours already. */
function isInPlace(
  left: { position: number } | undefined,
  moved: readonly Place[],
  right: { position: number } | undefined,
): boolean {
  const positions = [left, ...moved, right].flatMap((place) => (place ? [place.position] : []))
  return positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0))
}

const toPlace = ({
  id,
  position,
  trashed_at,
}: {
  id: number
  position: number
  trashed_at: number | null
}): Place => ({
  id,
  position,
  isTrashed: trashed_at !== null,
})

const selectPlaces = (db: Queries, collection: Parameter<number>) =>
  db
    .selectFrom('collection_items')
    .innerJoin('media', 'media.id', 'media_id')
    .select(['media.id', 'position', 'trashed_at'])
    .where('collection_id', '=', collection)

const findPlaces = prepare((db, collection: Parameter<number>, ids: Parameter<string>) =>
  selectPlaces(db, collection)
    .where('media_id', 'in', listed<number>(db, 'bigint', ids))
    .compile(),
)

const findBefore = prepare(
  (
    db,
    collection: Parameter<number>,
    target: Parameter<number>,
    except: Parameter<string>,
    count: Parameter<number>,
  ) =>
    selectPlaces(db, collection)
      .where('position', '<', target)
      .where('media_id', 'not in', listed<number>(db, 'bigint', except))
      .orderBy('position', 'desc')
      .limit(count)
      .compile(),
)

const findFrom = prepare(
  (
    db,
    collection: Parameter<number>,
    target: Parameter<number>,
    except: Parameter<string>,
    count: Parameter<number>,
  ) =>
    selectPlaces(db, collection)
      .where('position', '>=', target)
      .where('media_id', 'not in', listed<number>(db, 'bigint', except))
      .orderBy('position')
      .limit(count)
      .compile(),
)

const setPositions = prepare((db, collection: Parameter<number>, rows: Parameter<string>) =>
  (isPostgres(db)
    ? sql`UPDATE collection_items SET position = (row.value ->> 1)::bigint
        FROM json_array_elements(${rows}::json) AS row
        WHERE collection_id = ${collection} AND media_id = (row.value ->> 0)::bigint`
    : sql`UPDATE collection_items SET position = row.value ->> 1
        FROM json_each(${rows}) AS row
        WHERE collection_id = ${collection} AND media_id = row.value ->> 0`
  ).compile(db),
)
