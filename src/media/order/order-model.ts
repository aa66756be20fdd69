import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Database } from '../../database/database.ts'
import { listed, runWithin } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { readVersion } from '../library-state.ts'
import { decodeBlock, keyAt, MAX_BLOCK_BYTES, sizeOf } from './blocks.ts'
import { ORDERS, type Order, type OrderedState } from './lists.ts'
import type { OrderedChange } from './orders.ts'

/*
 * For tests: what orders must be, by sorting all items, and what the blocks must fulfil.
 */

/** A state with some values; the others are those of any item. */
export const stateOf = (id: number, given: Partial<OrderedState> = {}): OrderedState => ({
  id,
  name: `item ${id}`,
  taken_at: null,
  changed_at: id,
  trashed_at: null,
  size: id,
  width: 64,
  height: 48,
  positions: null,
  ...given,
})

/** Compares two items as an order in ascending direction does, but for their ids. */
export type Compare = (one: OrderedState, other: OrderedState) => number

/** For names of one length in ASCII, which sort as they are. */
export const byName: Compare = (one, other) =>
  Number(one.name > other.name) - Number(one.name < other.name)

/** Without the zone. */
const localTime = ({ taken_at }: OrderedState) => taken_at?.slice(0, 19) ?? ''

export const COMPARE: Readonly<Record<keyof typeof ORDERS, Compare>> = {
  name: byName,
  size: (one, other) => (one.size ?? 0) - (other.size ?? 0),
  taken: (one, other) =>
    Number(localTime(one) > localTime(other)) - Number(localTime(one) < localTime(other)),
  changed: (one, other) => one.changed_at - other.changed_at,
  width: (one, other) => (one.width ?? 0) - (other.width ?? 0),
  height: (one, other) => (one.height ?? 0) - (other.height ?? 0),
}

/** The ids of all items of an order, as they must be. */
export function expectedIds(
  items: Iterable<OrderedState>,
  order: keyof typeof ORDERS,
  isTrash: boolean,
  descending: boolean,
): number[] {
  const sign = descending ? -1 : 1
  const undated = (item: OrderedState) => Number(order === 'taken' && item.taken_at === null)
  return [...items]
    .filter((item) => (item.trashed_at !== null) === isTrash)
    .sort(
      (one, other) =>
        undated(one) - undated(other) || sign * (COMPARE[order](one, other) || one.id - other.id),
    )
    .map(({ id }) => id)
}

export const orderNames = Object.keys(ORDERS) as (keyof typeof ORDERS)[]
export const orderOf = (name: keyof typeof ORDERS): Order => ORDERS[name]

/** Checks that all blocks are in order, within their bounds, and neither empty nor too large. */
export async function checkBlocks(db: Queries): Promise<void> {
  const rows = await db
    .selectFrom('order_blocks')
    .selectAll()
    .orderBy('list')
    .orderBy('lower_key')
    .orderBy('lower_id')
    .execute()
  for (const [index, row] of rows.entries()) {
    const entries = decodeBlock(row)
    expect(row.count).toBe(entries.ids.length)
    expect(row.count).toBeGreaterThan(0)
    expect(sizeOf(row)).toBeLessThanOrEqual(MAX_BLOCK_BYTES)
    const next = rows[index + 1]
    const bounds = [
      { key: Buffer.from(row.lower_key), id: row.lower_id - 1 },
      ...Array.from(entries.ids, (id, at) => ({ key: keyAt(entries, at), id })),
      ...(next?.list === row.list ? [{ key: Buffer.from(next.lower_key), id: next.lower_id }] : []),
    ]
    for (const [at, bound] of bounds.entries()) {
      const before = bounds[at - 1]
      if (!before) continue
      const order = Buffer.compare(before.key, bound.key) || before.id - bound.id
      if (order >= 0) throw new Error(`List ${row.list} is not in order at block ${index}, ${at}.`)
    }
  }
}

/** Writes the rows of items, and nothing that is derived from them. */
export async function writeItems(trx: Queries, changes: readonly OrderedChange[]): Promise<void> {
  const gone = JSON.stringify(changes.flatMap(({ before }) => before?.id ?? []))
  for (const [table, column] of [
    ['media', 'id'],
    ['files', 'id'],
  ] as const) {
    await trx
      .deleteFrom(table)
      .where(column, 'in', listed<number>(trx, 'bigint', sql`${gone}`))
      .execute()
  }
  const states = changes.flatMap(({ after }) => after ?? [])
  for (let start = 0; start < states.length; start += 500) {
    const some = states.slice(start, start + 500)
    await trx.insertInto('files').values(some.map(fileOf)).execute()
    await trx
      .insertInto('media')
      .values(
        some.map(({ id, name, taken_at, changed_at, trashed_at }) => ({
          ...{ id, file_id: id, name, taken_at, changed_at, trashed_at },
          ...{ tags: '[]', added_at: changed_at },
        })),
      )
      .execute()
  }
}

const fileOf = ({ id, size, width, height }: OrderedState) => ({
  ...{ id, sha256: `sha ${id}`, key: `key ${id}`, type: 'image/jpeg', frames: 1 },
  ...{ size: size ?? 0, width: width ?? 0, height: height ?? 0 },
  ...{ thumbhash: '', color: '', scaled_digest: `scaled ${id}`, high_digest: `high ${id}` },
})

/** `database.run`, and the present version. */
export async function presentOf(database: Database) {
  const { version } = await readVersion(database.read)
  return { run: database.run, version }
}

/** The same in a transaction. */
export async function presentIn(trx: Queries) {
  const { version } = await readVersion(trx)
  return { run: runWithin(trx), version }
}

/** Numbers that are the same in each run: mulberry32. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
