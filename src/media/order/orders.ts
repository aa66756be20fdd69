import { listed, type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import {
  type BlockRow,
  type BlockWrites,
  findBlocks,
  findNeighbours,
  lowerOf,
  writeBlocks,
} from './block-rows.ts'
import {
  compareEntries,
  cutEntries,
  decodeBlock,
  type Entries,
  encodeBlock,
  joinBlocks,
  type KeyedId,
  keyAt,
  MAX_BLOCK_BYTES,
  mergeEntries,
  type StoredBlock,
  sizeOf,
  toEntries,
} from './blocks.ts'
import { type EntryChange, entryChanges, type ListEntry, type OrderedState } from './lists.ts'

/*
 * Keeps the order blocks in step with the items. A block holds the entries of one list from its lower bound up to the
 * next block's. A full block is cut into several. A block that has become small is joined with a neighbour, and one
 * without entries is deleted.
 */

/** How many entries are changed at once. This bounds the blocks in memory. */
const SLICE = 1000
/** A block is joined with a neighbour if both together fill at most this much of one. */
const JOINED_BYTES = 0.75 * MAX_BLOCK_BYTES
/** When the size of a block falls below this, or below a half, a quarter … of it, its neighbours are examined. */
const SMALL_BYTES = MAX_BLOCK_BYTES / 4

/** An item before and after a change, as `updateDerived` gets it. */
export interface OrderedChange {
  before?: OrderedState | undefined
  after?: OrderedState | undefined
}

/** Puts changed items where they belong in all orders. The library's version must have been raised before. */
export const updateOrders = (trx: Queries, changes: readonly OrderedChange[]): Promise<void> =>
  changeEntries(trx, changes.flatMap(entryChanges))

/**
 * Changes one list, for instance the own order of a collection when items are moved in it. An entry that is removed and
 * inserted is in the list afterwards. Removing an absent entry and inserting a present one change nothing.
 * The library's version must have been raised before.
 *
 * @param list see `listOf`
 */
export const changeOrderEntries = (
  trx: Queries,
  list: number,
  { remove = [], insert = [] }: { remove?: readonly KeyedId[]; insert?: readonly KeyedId[] },
): Promise<void> =>
  changeEntries(trx, [
    ...remove.map((entry) => ({ ...entry, list, isNew: false })),
    ...insert.map((entry) => ({ ...entry, list, isNew: true })),
  ])

/** Removes all entries of some lists. The library's version must have been raised before. */
export async function dropOrder(trx: Queries, ...lists: readonly number[]): Promise<void> {
  await runIn(trx, deleteLists, JSON.stringify(lists))
}

const deleteLists = prepare((db, lists: Parameter<string>) =>
  db
    .deleteFrom('order_blocks')
    .where('list', 'in', listed<number>(db, 'bigint', lists))
    .compile(),
)

async function changeEntries(trx: Queries, changes: readonly EntryChange[]): Promise<void> {
  const sorted = inOrder(changes)
  for (let start = 0; start < sorted.length; start += SLICE) {
    const slice = sorted.slice(start, start + SLICE)
    const writes: BlockWrites = { gone: [], changed: [], added: [] }
    const small: ListEntry[] = []
    for (const { block, entries } of groupByBlock(await findBlocks(trx, slice), slice)) {
      if (block) changeBlock(block, entries, writes, small)
      else beginList(entries, writes)
    }
    await writeBlocks(trx, writes)
    if (small.length > 0) await joinSmall(trx, small)
  }
}

/** Sorts changes by list and place. Of several changes of an entry, an insertion counts. */
function inOrder(changes: readonly EntryChange[]): EntryChange[] {
  const sorted = changes.toSorted(
    (one, other) =>
      one.list - other.list ||
      compareEntries(one, other) ||
      Number(other.isNew) - Number(one.isNew),
  )
  return sorted.filter((change, index) => {
    const before = sorted[index - 1]
    return !before || before.list !== change.list || compareEntries(before, change) !== 0
  })
}

interface Group {
  /** Undefined for entries ahead of the first block of their list. */
  block: BlockRow | undefined
  entries: EntryChange[]
}

/**
 * Finds the block of each entry.
 * @param blocks the blocks of all the entries, in order
 * @param changes in order
 */
function groupByBlock(blocks: readonly BlockRow[], changes: readonly EntryChange[]): Group[] {
  const groups: Group[] = []
  let next = 0
  let block: BlockRow | undefined
  let group: Group | undefined
  for (const change of changes) {
    for (; isAtOrBefore(blocks[next], change); next++) block = blocks[next]
    const own = block?.list === change.list ? block : undefined
    if (group?.block !== own || group?.entries[0]?.list !== change.list) {
      group = { block: own, entries: [] }
      groups.push(group)
    }
    group.entries.push(change)
  }
  return groups
}

const isAtOrBefore = (block: BlockRow | undefined, change: EntryChange) =>
  block !== undefined && (block.list - change.list || compareEntries(lowerOf(block), change)) <= 0

function changeBlock(
  block: BlockRow,
  changes: readonly EntryChange[],
  writes: BlockWrites,
  small: ListEntry[],
) {
  const { merged, isAppended } = mergeEntries(decodeBlock(block), changes)
  if (merged.ids.length === 0) {
    writes.gone.push(block.place)
    return
  }
  const whole = encodeBlock(merged)
  if (sizeOf(whole) <= MAX_BLOCK_BYTES) {
    writes.changed.push({ place: block.place, ...whole })
    const { list } = block
    if (halvings(whole) > halvings(block)) small.push({ list, ...lowerOf(block) })
    return
  }
  const isEnd = isAppended && block.is_last === 1
  for (const [index, piece] of cutInto(merged, isEnd).entries()) {
    if (index === 0) writes.changed.push({ place: block.place, ...piece.stored })
    else writes.added.push({ list: block.list, lower: piece.lower, ...piece.stored })
  }
}

/** How often `SMALL_BYTES` must be halved to be below the size of a block. */
const halvings = (block: StoredBlock) =>
  Math.max(0, Math.ceil(Math.log2(SMALL_BYTES / Math.max(1, sizeOf(block)))))

/** Makes the first blocks of a list, or blocks ahead of its first one. */
function beginList(changes: readonly EntryChange[], { added }: BlockWrites) {
  const entries = changes.filter(({ isNew }) => isNew)
  const [first] = entries
  if (!first) return
  for (const [index, { lower, stored }] of cutInto(toEntries(entries), true).entries()) {
    added.push({ list: first.list, lower: index === 0 ? LOWEST : lower, ...stored })
  }
}

/** No entry is below this one. */
const LOWEST: KeyedId = { key: new Uint8Array(0), id: 0 }

/** @param isEnd true for entries at the end of a list, where further ones will be appended */
const cutInto = (entries: Entries, isEnd: boolean) =>
  cutEntries(entries, isEnd ? 1 : undefined).map(([from, to]) => ({
    lower: { key: keyAt(entries, from), id: entries.ids[from] ?? 0 },
    stored: encodeBlock(entries, from, to),
  }))

/** Joins blocks that have become small with their neighbours, so that lists do not end as many small blocks. */
async function joinSmall(trx: Queries, small: readonly ListEntry[]): Promise<void> {
  const rows = await findNeighbours(trx, small)
  const names = new Set(small.map(nameOf))
  const isSmall = (row: BlockRow) => names.has(nameOf({ list: row.list, ...lowerOf(row) }))
  const writes: BlockWrites = { gone: [], changed: [], added: [] }
  let last: { row: BlockRow; stored: StoredBlock; isChanged: boolean } | undefined
  let before: BlockRow | undefined
  const finish = () => {
    if (last?.isChanged) writes.changed.push({ place: last.row.place, ...last.stored })
  }
  for (const row of rows) {
    // Rows that follow each other here are neighbours if one of them is small; otherwise others may be between them.
    const areNeighbours = before?.list === row.list && (isSmall(before) || isSmall(row))
    before = row
    if (last && areNeighbours && sizeOf(last.stored) + sizeOf(row) <= JOINED_BYTES) {
      last.stored = encodeBlock(joinBlocks(last.stored, row))
      last.isChanged = true
      writes.gone.push(row.place)
      continue
    }
    finish()
    last = { row, stored: row, isChanged: false }
  }
  finish()
  await writeBlocks(trx, writes)
}

const nameOf = ({ list, key, id }: ListEntry) => `${list} ${id} ${Buffer.from(key).toString('hex')}`
