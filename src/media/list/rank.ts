import { type Parameter, prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'

/**
 * Finds the nth item, and the number of items, without walking over all of them or counting them.
 *
 * `media_counts` holds how many items have an id within each block of 2^10 ids and, one level up, of 2^20
 * ids. The nth item is in the block at which the running sum passes n. To find it, walk over the large
 * blocks, over the at most 1024 small blocks within one, and over the at most 1024 items within one of those.
 * So a page deep inside a library costs no more than the first page.
 */
export const LEVELS = [10, 20] as const
export const [SMALL, LARGE] = LEVELS

/** How many items have an id within a block of ids. */
export interface BlockRow {
  block: number
  count: number
}

/** A block, and how many items are in the blocks that were read before it. */
export interface Block extends BlockRow {
  before: number
}

export function addUp(rows: readonly BlockRow[]): readonly Block[] {
  let before = 0
  return rows.map(({ block, count }) => {
    const added = { block, count, before }
    before += count
    return added
  })
}

/** Reads the counted blocks of a level, in order, from the first to the last. */
export type ReadBlocks = (level: number, first: number, last: number) => Promise<readonly Block[]>

/**
 * Updates the counts after the insertion (+1) or removal (-1) of items. Call it last in the transaction, so
 * that writers hold these shared rows briefly. The rows are written in ascending order of level and block,
 * so that writers never deadlock.
 *
 * @param ids ascending
 */
export async function adjustCounts(
  trx: Queries,
  ids: readonly number[],
  change: 1 | -1,
): Promise<void> {
  for (const level of LEVELS) {
    for (const [block, { length }] of Map.groupBy(ids, (id) => blockOf(id, level))) {
      await runIn(trx, adjustCount, level, block, change * length)
    }
  }
}

const adjustCount = prepare(
  (db, level: Parameter<number>, block: Parameter<number>, change: Parameter<number>) =>
    db
      .insertInto('media_counts')
      .values({ level, block, count: change })
      .onConflict((conflict) =>
        conflict.columns(['level', 'block']).doUpdateSet((row) => ({
          count: row('media_counts.count', '+', row.ref('excluded.count')),
        })),
      )
      .compile(),
)

const blockOf = (id: number, level: number) => Math.floor(id / 2 ** level)

/** The number of items. */
export const countMedia = (db: Queries): Promise<number> =>
  sumBlocks(db, LARGE, 0, Number.MAX_SAFE_INTEGER)

export function countBlocks(blocks: readonly Block[]): number {
  const last = blocks.at(-1)
  return last ? last.before + last.count : 0
}

/** Where an item is. */
export interface Place {
  /** The first id of its small block. */
  start: number
  /** How many items of the block have a smaller id. */
  rest: number
  /** True if every id of the block belongs to an item. */
  isFull: boolean
}

/**
 * Finds the item that has `rank` items before it in ascending order of id.
 * @returns undefined if there are not that many items
 */
export async function findPlace(rank: number, readBlocks: ReadBlocks): Promise<Place | undefined> {
  const large = findBlock(await readBlocks(LARGE, 0, Number.MAX_SAFE_INTEGER), rank)
  if (!large) return undefined
  const perLarge = 2 ** (LARGE - SMALL)
  const first = large.block * perLarge
  const small = findBlock(await readBlocks(SMALL, first, first + perLarge - 1), large.rest)
  if (!small) return undefined
  const { block, rest, count } = small
  return { start: block * 2 ** SMALL, rest, isFull: count === 2 ** SMALL }
}

/** The rank of an id: how many items have a smaller id. */
export async function findRank(db: Queries, id: number): Promise<number> {
  const [small, large] = [blockOf(id, SMALL), blockOf(id, LARGE)]
  const { count } = await db
    .selectFrom('media_json')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('id', '>=', small * 2 ** SMALL)
    .where('id', '<', id)
    .executeTakeFirstOrThrow()
  return (
    (await sumBlocks(db, LARGE, 0, large)) +
    (await sumBlocks(db, SMALL, large * 2 ** (LARGE - SMALL), small)) +
    count
  )
}

/** How many items are in the blocks from `first` to `end`, without `end`. */
async function sumBlocks(db: Queries, level: number, first: number, end: number): Promise<number> {
  const { sum } = await db
    .selectFrom('media_counts')
    .select((row) => row.fn.coalesce(row.fn.sum<number>('count'), row.lit(0)).as('sum'))
    .where('level', '=', level)
    .where('block', '>=', first)
    .where('block', '<', end)
    .executeTakeFirstOrThrow()
  return Number(sum)
}

/** Finds the block with the item of that rank: the last block with at most `rank` items before it. */
function findBlock(blocks: readonly Block[], rank: number) {
  let [low, high] = [0, blocks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((blocks[middle]?.before ?? 0) <= rank) low = middle + 1
    else high = middle
  }
  const found = blocks[low - 1]
  if (!found) return undefined
  const { block, count, before } = found
  return rank - before < count ? { block, count, rest: rank - before } : undefined
}
