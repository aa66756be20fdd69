import type { Queries } from '../../database/tables.ts'
import { writeBlocks } from './block-rows.ts'
import { cutEntries, type Entries, encodeBlock, keyAt } from './blocks.ts'
import {
  collectionEntries,
  collectionOf,
  EMPTY_STATE,
  entryOf,
  type ListEntry,
  listOf,
  type Order,
  PLACINGS,
} from './lists.ts'
import { changeOrderEntries } from './orders.ts'
import { positionsOf } from './positions.ts'
import { createSortedRun, type SortedRun } from './sorted-run.ts'

/** How full the new blocks are. */
const FILLING = 0.9
/** Rows that are read at once. */
const ROWS = 5000
/** Entries that are written at once: some 40 blocks. */
const PIECE = 2 ** 14
/**
 * Bytes of entries that are sorted in memory: enough for two million names. Further entries are merged into the blocks
 * that are written by then, which takes longer.
 */
const MAX_BYTES = 96 * 2 ** 20

/** The number of an order, or the orders of all collections together. */
export type Rebuilt = Order | 'collections'

/** Every part that `rebuildOrder` can build: together, all lists. */
export const REBUILT: readonly Rebuilt[] = [
  ...PLACINGS.map(({ orders }) => orders[0] ?? 0),
  'collections',
]

/**
 * Builds one order anew, for the library and the trash. If others may keep its blocks in memory, the caller must raise
 * the library's version before, so that they drop them.
 * @param maxBytes memory for the entries; given in tests
 */
export async function rebuildOrder(
  trx: Queries,
  part: Rebuilt,
  maxBytes = MAX_BYTES,
): Promise<void> {
  let remove = trx.deleteFrom('order_blocks')
  if (part === 'collections') remove = remove.where('list', '>=', FIRST_COLLECTION_LIST)
  else remove = remove.where('list', 'in', listsOfPart(part))
  await remove.execute()

  const builder = createBuilder(trx, maxBytes)
  for await (const entries of readEntries(trx, part)) {
    for (const entry of entries) builder.add(entry)
    if (builder.isFull()) await builder.flush()
  }
  await builder.flush()
}

/** The least list for which `collectionOf` names a collection. */
const FIRST_COLLECTION_LIST = 1000

const placingOf = (part: Order) => PLACINGS.find(({ orders }) => orders.includes(part))

const listsOfPart = (part: Order) =>
  (placingOf(part)?.orders ?? []).flatMap((order) => [listOf(order, false), listOf(order, true)])

/** The part that a list belongs to; undefined if no list has this number. */
export function partOf(list: number): Rebuilt | undefined {
  if (collectionOf(list) !== undefined) return 'collections'
  return placingOf(list >> 1)?.orders[0]
}

/** Derives the entries of a part from the items, in batches, in ascending order of id. */
export async function* readEntries(db: Queries, part: Rebuilt): AsyncGenerator<ListEntry[]> {
  const placing = part === 'collections' ? undefined : placingOf(part)
  for (let after = 0; ; ) {
    const rows = await (placing
      ? selectStates(db, placing.column, after)
      : selectMembers(db, after)
    ).execute()
    yield rows.flatMap((row) => {
      const state = { ...EMPTY_STATE, ...row }
      return placing ? (entryOf(placing, state) ?? []) : collectionEntries(state)
    })
    const last = rows.at(-1)
    if (!last || rows.length < ROWS) return
    after = last.id
  }
}

/** Only the column that the order needs, because reading takes most of the time. */
function selectStates(db: Queries, column: (typeof PLACINGS)[number]['column'], after: number) {
  const states = db
    .selectFrom('media')
    .select(['media.id', 'media.trashed_at'])
    .where('media.id', '>', after)
    .orderBy('media.id')
    .limit(ROWS)
  if (column === 'size' || column === 'width' || column === 'height') {
    return states.innerJoin('files', 'files.id', 'media.file_id').select(`files.${column}`)
  }
  return states.select(`media.${column}`)
}

const selectMembers = (db: Queries, after: number) =>
  db
    .selectFrom('media')
    .select(['media.id', 'media.trashed_at'])
    .select(positionsOf(db).as('positions'))
    .where('media.id', '>', after)
    .where('media.collections', '<>', '[]')
    .orderBy('media.id')
    .limit(ROWS)

/** Sorts entries of any lists, and writes them as blocks. */
function createBuilder(trx: Queries, maxBytes: number) {
  let runs = new Map<number, SortedRun>()
  const written = new Set<number>()

  async function write(list: number, run: SortedRun) {
    const isFirst = !written.has(list)
    written.add(list)
    let isBegin = true
    for (const entries of run.inOrder(PIECE)) {
      if (isFirst)
        await writeBlocks(trx, { gone: [], changed: [], added: toBlocks(list, entries, isBegin) })
      else await changeOrderEntries(trx, list, { insert: toList(entries) })
      isBegin = false
    }
  }

  return {
    add({ list, key, id }: ListEntry) {
      let run = runs.get(list)
      if (!run) {
        run = createSortedRun()
        runs.set(list, run)
      }
      run.add({ key, id })
    },
    isFull: () => runs.values().reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes,
    async flush() {
      for (const [list, run] of runs) await write(list, run)
      runs = new Map()
    },
  }
}

const toBlocks = (list: number, entries: Entries, isBegin: boolean) =>
  cutEntries(entries, FILLING).map(([from, to]) => ({
    list,
    lower:
      isBegin && from === 0
        ? { key: new Uint8Array(0), id: 0 }
        : { key: keyAt(entries, from), id: entries.ids[from] ?? 0 },
    ...encodeBlock(entries, from, to),
  }))

const toList = (entries: Entries) =>
  Array.from(entries.ids, (id, index) => ({ key: keyAt(entries, index), id }))
