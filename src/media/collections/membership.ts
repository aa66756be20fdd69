import { sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { changeEntries, type Entry } from './entries.ts'
import { placeBetween } from './positions.ts'

/** Which collections an item was in, and which it is in from now on. */
export interface Membership {
  id: number
  before: readonly number[]
  after: readonly number[]
  /** Whether the item is in the trash. */
  isTrashed: boolean
}

/** The collections of an item, from its column. Of a damaged one, the ids that can be read. */
export function parseCollections(collections: string): number[] {
  try {
    const values: unknown = JSON.parse(collections)
    return Array.isArray(values) ? values.filter(Number.isSafeInteger) : []
  } catch {
    return []
  }
}

/**
 * Writes which collections items are in, and the order of these collections. An item that enters one comes to its end,
 * behind those before it in `changes`. The caller writes `media.collections`, and has checked that the new ones exist.
 */
export async function writeMemberships(
  trx: Queries,
  changes: readonly Membership[],
): Promise<void> {
  const left: Member[] = []
  const entered: Member[] = []
  for (const { id, before, after, isTrashed } of changes) {
    for (const collection of before) {
      if (!after.includes(collection)) left.push({ collection, id, isTrashed })
    }
    for (const collection of after) {
      if (!before.includes(collection)) entered.push({ collection, id, isTrashed })
    }
  }
  if (left.length > 0) await leave(trx, left)
  if (entered.length > 0) await enter(trx, entered)
}

interface Member {
  collection: number
  id: number
  isTrashed: boolean
}

async function leave(trx: Queries, members: readonly Member[]): Promise<void> {
  const gone = await runIn(trx, deleteMembers, toPairs(members))
  const trashed = new Set(members.flatMap(({ id, isTrashed }) => (isTrashed ? [id] : [])))
  const entries = gone.map(({ collection_id, media_id, position }) => ({
    collection: collection_id,
    id: media_id,
    position,
    isTrashed: trashed.has(media_id),
  }))
  await changeEntries(trx, { gone: entries, come: [] })
}

async function enter(trx: Queries, members: readonly Member[]): Promise<void> {
  const byCollection = Map.groupBy(members, ({ collection }) => collection)
  const lasts = await runIn(trx, findLast, JSON.stringify([...byCollection.keys()]))
  const come: Entry[] = []
  for (const [collection, entering] of byCollection) {
    const last = lasts.find((row) => row.collection === collection)?.position
    const positions = placeBetween(last ?? undefined, undefined, entering.length)
    if (!positions) throw new Error(`Collection ${collection} has no position left at its end.`)
    for (const [index, member] of entering.entries()) {
      come.push({ ...member, position: positions[index] ?? 0 })
    }
  }
  await runIn(
    trx,
    insertMembers,
    JSON.stringify(come.map(({ collection, id, position }) => [collection, id, position])),
  )
  await changeEntries(trx, { gone: [], come })
}

const toPairs = (members: readonly Member[]) =>
  JSON.stringify(members.map(({ collection, id }) => [collection, id]))

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
  sql<{ collection_id: number; media_id: number; position: number }>`
    DELETE FROM collection_items WHERE (collection_id, media_id) IN (${numbers(db, pairs, 2)})
    RETURNING collection_id, media_id, position`.compile(db),
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
