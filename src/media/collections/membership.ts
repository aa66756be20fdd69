import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { placeBetween } from './positions.ts'

/** Which collections an item was in, and which it is in from now on. */
export interface Membership {
  id: number
  before: readonly number[]
  after: readonly number[]
}

/**
 * Writes which collections items are in, and with which positions. An item that enters one comes to its end, behind
 * those before it in `changes`. The caller writes `media.collections` and has `updateDerived` write what follows from
 * it, with the states of the items before this call. The new collections must have been checked.
 */
export async function writeMemberships(
  trx: Queries,
  changes: readonly Membership[],
): Promise<void> {
  const left = changes.flatMap(({ id, before, after }) =>
    before.filter((it) => !after.includes(it)).map((collection) => [collection, id]),
  )
  if (left.length > 0) await runIn(trx, deleteMembers, JSON.stringify(left))
  const entered = Map.groupBy(
    changes.flatMap(({ id, before, after }) =>
      after.filter((it) => !before.includes(it)).map((collection) => ({ collection, id })),
    ),
    ({ collection }) => collection,
  )
  if (entered.size === 0) return
  const rows: [collection: number, id: number, position: number][] = []
  for (const last of await runIn(trx, findLast, JSON.stringify([...entered.keys()]))) {
    const members = entered.get(last.collection) ?? []
    const positions = placeBetween(last.position ?? undefined, undefined, members.length)
    for (const [index, { collection, id }] of members.entries()) {
      const position = positions?.[index]
      if (position === undefined)
        throw new Error(`Collection ${collection} has no room at its end.`)
      rows.push([collection, id, position])
    }
  }
  await runIn(trx, insertMembers, JSON.stringify(rows))
}

/** The rows of a JSON array of arrays of numbers, as a subquery. */
const numbers = (db: Queries, rows: Parameter<string>, count: number) => {
  const columns = Array.from({ length: count }, (_, index) =>
    isPostgres(db)
      ? sql`(row.value ->> ${sql.lit(index)})::bigint`
      : sql`row.value ->> ${sql.lit(index)}`,
  )
  const from = isPostgres(db) ? sql`json_array_elements(${rows}::json)` : sql`json_each(${rows})`
  return sql`SELECT ${sql.join(columns)} FROM ${from} AS row`
}

const deleteMembers = prepare((db, pairs: Parameter<string>) =>
  sql`DELETE FROM collection_items
    WHERE (collection_id, media_id) IN (${numbers(db, pairs, 2)})`.compile(db),
)

const insertMembers = prepare((db, rows: Parameter<string>) =>
  sql`INSERT INTO collection_items (collection_id, media_id, position) ${numbers(db, rows, 3)}`.compile(
    db,
  ),
)

/** The position of the last item of each collection; null for one without items. */
const findLast = prepare((db, collections: Parameter<string>) =>
  sql<{ collection: number; position: number | null }>`
    SELECT given.value AS collection, (
      SELECT position FROM collection_items WHERE collection_id = given.value
      ORDER BY position DESC LIMIT 1
    ) AS position
    FROM ${listed<number>(db, 'bigint', collections)} AS given`.compile(db),
)

/**
 * Writes the column `collections` of items, in one statement.
 * @param now makes it a change of the items; without it their revisions stay
 */
export async function setCollections(
  trx: Queries,
  items: readonly { id: number; collections: string }[],
  now?: Milliseconds,
): Promise<void> {
  const rows = JSON.stringify(items.map(({ id, collections }) => [id, collections]))
  await (now === undefined
    ? runIn(trx, updateCollections, rows)
    : runIn(trx, changeCollections, rows, now))
}

const updateCollections = prepare((db, rows: Parameter<string>) =>
  update(db, rows, sql`SET collections = row.value ->> 1`),
)

const changeCollections = prepare((db, rows: Parameter<string>, now: Parameter<number>) =>
  update(
    db,
    rows,
    sql`SET collections = row.value ->> 1, changed_at = ${now}, revision = revision + 1`,
  ),
)

const update = (db: Queries, rows: Parameter<string>, set: ReturnType<typeof sql>) =>
  (isPostgres(db)
    ? sql`UPDATE media ${set}
        FROM json_array_elements(${rows}::json) AS row WHERE media.id = (row.value ->> 0)::bigint`
    : sql`UPDATE media ${set}
        FROM json_each(${rows}) AS row WHERE media.id = row.value ->> 0`
  ).compile(db)
