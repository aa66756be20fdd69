import { type RawBuilder, sql } from 'kysely'
import { isPostgres } from '../../database/engine.ts'
import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import type { KeyedId, StoredBlock } from './blocks.ts'
import type { ListEntry } from './lists.ts'

/*
 * Reading and writing the rows of blocks by a few statements, however many blocks there are.
 */

/** A block as a transaction reads it. */
export interface BlockRow extends StoredBlock {
  /** Where the row is, until it is written. */
  place: number | string
  list: number
  lower_key: Uint8Array
  lower_id: number
  /** 1 if no block of the list comes behind it. */
  is_last: number
}

export const lowerOf = ({ lower_key, lower_id }: BlockRow): KeyedId => ({
  key: lower_key,
  id: lower_id,
})

/** Blocks that change. The rows get the library's version. */
export interface BlockWrites {
  /** Places of blocks to delete. */
  gone: BlockRow['place'][]
  changed: (StoredBlock & { place: BlockRow['place'] })[]
  added: (StoredBlock & { list: number; lower: KeyedId })[]
}

/** The blocks that hold the places of these entries, in the order of lists and keys. */
export const findBlocks = (trx: Queries, entries: readonly ListEntry[]): Promise<BlockRow[]> =>
  runIn(trx, selectBlocks, asJson(entries))

/** The blocks that begin with these entries, and the one before and the one behind each of them. */
export const findNeighbours = (trx: Queries, lowers: readonly ListEntry[]): Promise<BlockRow[]> =>
  runIn(trx, selectNeighbours, asJson(lowers))

const asJson = (entries: readonly ListEntry[]) =>
  JSON.stringify(entries.map(({ list, key, id }) => [list, hex(key), id]))

const hex = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

/** What differs between the engines. */
function dialectOf(db: Queries) {
  const forPostgres = isPostgres(db)
  return {
    place: sql.raw<string | number>(forPostgres ? 'ctid' : 'rowid'),
    unhex: sql.raw(forPostgres ? `decode` : 'unhex'),
    /** Entries from JSON. */
    wanted: (entries: Parameter<string>) =>
      forPostgres
        ? sql`(SELECT (value->>0)::bigint AS list, decode(value->>1, 'hex') AS key, (value->>2)::bigint AS id
            FROM json_array_elements(${entries}::json))`
        : sql`(SELECT value->>0 AS list, unhex(value->>1) AS key, value->>2 AS id FROM json_each(${entries}))`,
    /** A condition that is true for rows of which the query returns the place. */
    isAmong: (places: RawBuilder<unknown>) =>
      forPostgres ? sql`ctid = ANY (ARRAY(${places}))` : sql`rowid IN (${places})`,
  }
}

type Comparison = '<' | '<=' | '='

/** The place of the nearest block whose bound compares so with the entry `wanted`. */
function nearest(db: Queries, comparison: Comparison | '>') {
  const direction = sql.raw(comparison === '>' ? 'ASC' : 'DESC')
  return sql`(
    SELECT ${dialectOf(db).place} FROM order_blocks AS near
    WHERE near.list = wanted.list
      AND (near.lower_key, near.lower_id) ${sql.raw(comparison)} (wanted.key, wanted.id)
    ORDER BY near.lower_key ${direction}, near.lower_id ${direction} LIMIT 1
  )`
}

function selectRows(db: Queries, places: RawBuilder<unknown>) {
  const { place, isAmong } = dialectOf(db)
  const shown = isPostgres(db) ? sql`ctid::text` : place
  return sql<BlockRow>`
    SELECT ${shown} AS place, list, lower_key, lower_id, ids, keys,
      CASE WHEN EXISTS (
        SELECT 1 FROM order_blocks AS next WHERE next.list = block.list
          AND (next.lower_key, next.lower_id) > (block.lower_key, block.lower_id)
      ) THEN 0 ELSE 1 END AS is_last
    FROM order_blocks AS block WHERE ${isAmong(places)}
    ORDER BY list, lower_key, lower_id`.compile(db)
}

const selectBlocks = prepare((db, entries: Parameter<string>) =>
  selectRows(db, sql`SELECT ${nearest(db, '<=')} FROM ${dialectOf(db).wanted(entries)} AS wanted`),
)

const selectNeighbours = prepare((db, entries: Parameter<string>) => {
  const wanted = dialectOf(db).wanted(entries)
  return selectRows(
    db,
    sql`SELECT ${nearest(db, '<')} FROM ${wanted} AS wanted
      UNION ALL SELECT ${nearest(db, '=')} FROM ${wanted} AS wanted
      UNION ALL SELECT ${nearest(db, '>')} FROM ${wanted} AS wanted`,
  )
})

/** The library's version must have been raised before. */
export async function writeBlocks(trx: Queries, writes: BlockWrites): Promise<void> {
  const { gone, changed, added } = writes
  if (gone.length > 0) await runIn(trx, deleteBlocks, JSON.stringify(gone))
  if (isPostgres(trx)) await writeAtOnce(trx, writes)
  else {
    for (const { place, ids, keys } of changed) {
      await runIn(trx, updateBlock, place, ids.length / 4, ids, keys)
    }
    for (const { list, lower, ids, keys } of added) {
      await runIn(trx, insertBlock, list, lower.key, lower.id, ids.length / 4, ids, keys)
    }
  }
}

const deleteBlocks = prepare((db, places: Parameter<string>) =>
  sql`DELETE FROM order_blocks WHERE ${dialectOf(db).isAmong(
    isPostgres(db)
      ? sql`SELECT value::tid FROM json_array_elements_text(${places}::json)`
      : sql`SELECT value FROM json_each(${places})`,
  )}`.compile(db),
)

const VERSION = sql`(SELECT version FROM library)`

const updateBlock = prepare(
  (
    db,
    place: Parameter<number | string>,
    count: Parameter<number>,
    ids: Parameter<Uint8Array>,
    keys: Parameter<Uint8Array>,
  ) =>
    sql`UPDATE order_blocks SET count = ${count}, version = ${VERSION}, ids = ${ids}, keys = ${keys}
      WHERE rowid = ${place}`.compile(db),
)

const insertBlock = prepare(
  (
    db,
    list: Parameter<number>,
    key: Parameter<Uint8Array>,
    id: Parameter<number>,
    count: Parameter<number>,
    ids: Parameter<Uint8Array>,
    keys: Parameter<Uint8Array>,
  ) =>
    sql`INSERT INTO order_blocks (list, lower_key, lower_id, count, version, ids, keys)
      VALUES (${list}, ${key}, ${id}, ${count}, ${VERSION}, ${ids}, ${keys})`.compile(db),
)

/** On PostgreSQL a statement for each row would take longer than its work. */
async function writeAtOnce(trx: Queries, { changed, added }: BlockWrites): Promise<void> {
  const stored = ({ ids, keys }: StoredBlock) => ({
    count: ids.length / 4,
    ids: hex(ids),
    keys: hex(keys),
  })
  if (changed.length > 0) {
    const rows = changed.map((block) => ({ place: block.place, ...stored(block) }))
    await runIn(trx, updateBlocks, JSON.stringify(rows))
  }
  if (added.length > 0) {
    const rows = added.map((block) => ({
      list: block.list,
      key: hex(block.lower.key),
      id: block.lower.id,
      ...stored(block),
    }))
    await runIn(trx, insertBlocks, JSON.stringify(rows))
  }
}

const updateBlocks = prepare((db, rows: Parameter<string>) =>
  sql`UPDATE order_blocks AS block SET count = changed.count, version = ${VERSION},
      ids = decode(changed.ids, 'hex'), keys = decode(changed.keys, 'hex')
    FROM json_to_recordset(${rows}::json) AS changed (place tid, count integer, ids text, keys text)
    WHERE block.ctid = changed.place`.compile(db),
)

const insertBlocks = prepare((db, rows: Parameter<string>) =>
  sql`INSERT INTO order_blocks (list, lower_key, lower_id, count, version, ids, keys)
    SELECT list, decode(key, 'hex'), id, count, ${VERSION}, decode(ids, 'hex'), decode(keys, 'hex')
    FROM json_to_recordset(${rows}::json)
      AS added (list bigint, key text, id bigint, count integer, ids text, keys text)`.compile(db),
)
