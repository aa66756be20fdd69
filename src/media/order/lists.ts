import { readLocalTime } from '../local-time.ts'
import { compareKeys, nameKey, numberKey, takenKeyOf } from './keys.ts'

/*
 * Which lists the order blocks hold, and which items are in them with which keys.
 *
 * Each order has two lists: one of the items in the library, and one of those in the trash. Ids of items are below
 * 2^32 in all of them.
 */

/** The number of an order. Collections have one too: see `collectionOrder`. */
export type Order = number

/** `width` and `height` are there for ranges alone. */
export const ORDERS = { name: 0, size: 1, taken: 2, changed: 3, width: 4, height: 5 } as const

/**
 * The items without a date, by id. They come last in the order `taken` in both directions. So they have a list of their
 * own, which follows the list of `taken`. Ranges never find them.
 */
const UNDATED = 6

/** The first collection's list is 1000 + 2. */
const COLLECTIONS = 500

/** The own order of a collection. */
export const collectionOrder = (id: number): Order => COLLECTIONS + id

export const listOf = (order: Order, isTrash: boolean): number => 2 * order + Number(isTrash)

/** The lists whose items, one list after the other, are those of an order. */
export const listsOf = (order: Order, isTrash: boolean): readonly number[] =>
  (order === ORDERS.taken ? [order, UNDATED] : [order]).map((part) => listOf(part, isTrash))

/** The collection whose order a list is in, or undefined for the other orders. */
export const collectionOf = (list: number): number | undefined =>
  list >= listOf(COLLECTIONS, false) ? (list >> 1) - COLLECTIONS : undefined

/** The place of an item in a list. */
export interface ListEntry {
  list: number
  key: Uint8Array
  id: number
}

/** The columns of an item and of its file that decide where the item is in its lists. */
export interface OrderedState {
  id: number
  name: string
  taken_at: string | null
  changed_at: number
  trashed_at: number | null
  /** Null if the file is missing, as in a damaged database. Such an item is not in the order. */
  size: number | null
  width: number | null
  height: number | null
  /** `[[collection, position], …]` as JSON; null if the item is in no collection. */
  positions: string | null
}

/** For callers that read only some of the columns. */
export const EMPTY_STATE: OrderedState = {
  id: 0,
  name: '',
  taken_at: null,
  changed_at: 0,
  trashed_at: null,
  size: null,
  width: null,
  height: null,
  positions: null,
}

type Column = 'name' | 'size' | 'taken_at' | 'changed_at' | 'width' | 'height'

interface Placing {
  column: Column
  /** The orders that `place` returns. */
  orders: readonly Order[]
  place(state: OrderedState): { order: Order; key: Uint8Array } | undefined
}

const byNumber = (order: Order, column: Exclude<Column, 'name' | 'taken_at'>): Placing => ({
  column,
  orders: [order],
  place(state) {
    const number = state[column]
    return number !== null && isKeyNumber(number) ? { order, key: numberKey(number) } : undefined
  },
})

/** False only in a damaged database. Its items can still be deleted. */
const isKeyNumber = (number: number) => Number.isInteger(number) && number >= 0 && number < 2 ** 48

const NO_KEY = new Uint8Array(0)

/** Where an item is in each order, except in the orders of collections. */
export const PLACINGS: readonly Placing[] = [
  {
    column: 'name',
    orders: [ORDERS.name],
    place: ({ name }) => ({ order: ORDERS.name, key: nameKey(name) }),
  },
  byNumber(ORDERS.size, 'size'),
  {
    column: 'taken_at',
    orders: [ORDERS.taken, UNDATED],
    place({ taken_at }) {
      const time = taken_at === null ? undefined : readLocalTime(taken_at)
      return time === undefined
        ? { order: UNDATED, key: NO_KEY }
        : { order: ORDERS.taken, key: takenKeyOf(time) }
    },
  },
  byNumber(ORDERS.changed, 'changed_at'),
  byNumber(ORDERS.width, 'width'),
  byNumber(ORDERS.height, 'height'),
]

const isTrashed = ({ trashed_at }: OrderedState) => trashed_at !== null

/** The place that one of `PLACINGS` gives an item. */
export function entryOf({ place }: Placing, state: OrderedState): ListEntry | undefined {
  const placed = place(state)
  return placed && { list: listOf(placed.order, isTrashed(state)), key: placed.key, id: state.id }
}

/** The places of an item in the orders of its collections. */
export function collectionEntries(state: OrderedState): ListEntry[] {
  const positions: readonly [number, number][] = JSON.parse(state.positions ?? '[]')
  return positions
    .filter(([, position]) => isKeyNumber(position))
    .map(([collection, position]) => ({
      list: listOf(collectionOrder(collection), isTrashed(state)),
      key: numberKey(position),
      id: state.id,
    }))
}

export interface EntryChange extends ListEntry {
  /** True if the entry is inserted, false if it is removed. */
  isNew: boolean
}

/** What a change of an item changes in the lists. Either state is absent if there was or is no such item. */
export function entryChanges({
  before,
  after,
}: {
  before?: OrderedState | undefined
  after?: OrderedState | undefined
}): EntryChange[] {
  const changes: EntryChange[] = []
  const add = (entry: ListEntry | undefined, isNew: boolean) => {
    if (entry) changes.push({ ...entry, isNew })
  }
  const isMoved = !before || !after || isTrashed(before) !== isTrashed(after)
  for (const placing of PLACINGS) {
    if (!isMoved && before[placing.column] === after[placing.column]) continue
    if (before) add(entryOf(placing, before), false)
    if (after) add(entryOf(placing, after), true)
  }
  if (isMoved || before.positions !== after.positions) {
    const had = before ? collectionEntries(before) : []
    const has = after ? collectionEntries(after) : []
    // An item may be in many collections, and mostly enters or leaves one.
    for (const entry of without(had, has)) add(entry, false)
    for (const entry of without(has, had)) add(entry, true)
  }
  return changes
}

function without(entries: readonly ListEntry[], others: readonly ListEntry[]): ListEntry[] {
  const known = new Map(others.map(({ list, key }) => [list, key]))
  return entries.filter(({ list, key }) => {
    const other = known.get(list)
    return !other || compareKeys(other, key) !== 0
  })
}
