import type { Queries } from '../database/tables.ts'

/**
 * Where the nth item is, and how many there are, without walking or counting.
 *
 * `media_counts` holds how many items have an id within each block of 2^10 ids and, one level up,
 * of 2^20 ids. The nth item lies in the block at which the running sum passes n: a walk over the
 * large blocks, over the at most 1024 small ones within one, and over the at most 1024 items within
 * that. So a page deep inside a library costs what the first page costs.
 */
export const LEVELS = [10, 20] as const
const [SMALL, LARGE] = LEVELS

/**
 * Keeps the counts in step with the insertion (+1) or removal (-1) of items, as the last thing in
 * the transaction and in ascending order of level and block, so that writers hold these shared rows
 * briefly and never deadlock.
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
      await trx
        .insertInto('media_counts')
        .values({ level, block, count: change * length })
        .onConflict((conflict) =>
          conflict.columns(['level', 'block']).doUpdateSet((row) => ({
            count: row('media_counts.count', '+', row.ref('excluded.count')),
          })),
        )
        .execute()
    }
  }
}

const blockOf = (id: number, level: number) => Math.floor(id / 2 ** level)

/** The number of items. */
export const countMedia = (db: Queries): Promise<number> =>
  sumBlocks(db, LARGE, 0, Number.MAX_SAFE_INTEGER)

/**
 * The id of the item that has `rank` items before it in ascending order of id.
 * @returns undefined when there are not that many items
 */
export async function findIdAtRank(db: Queries, rank: number): Promise<number | undefined> {
  const large = await findBlock(db, LARGE, 0, Number.MAX_SAFE_INTEGER, rank)
  if (!large) return undefined
  const perLarge = 2 ** (LARGE - SMALL)
  const first = large.block * perLarge
  const small = await findBlock(db, SMALL, first, first + perLarge - 1, large.rest)
  if (!small) return undefined
  const item = await db
    .selectFrom('media')
    .select('id')
    .where('id', '>=', small.block * 2 ** SMALL)
    .orderBy('id')
    .limit(1)
    .offset(small.rest)
    .executeTakeFirst()
  return item?.id
}

/** The rank of an id: how many items have a smaller one. */
export async function findRank(db: Queries, id: number): Promise<number> {
  const [small, large] = [blockOf(id, SMALL), blockOf(id, LARGE)]
  const { count } = await db
    .selectFrom('media')
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

/** How many items are in the blocks from `first` on and before `end`. */
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

/** The block, among those from `first` to `last`, in which the item of that rank lies. */
async function findBlock(db: Queries, level: number, first: number, last: number, rank: number) {
  const blocks = await db
    .selectFrom('media_counts')
    .select(['block', 'count'])
    .where('level', '=', level)
    .where('block', '>=', first)
    .where('block', '<=', last)
    .orderBy('block')
    .execute()
  let rest = rank
  for (const { block, count } of blocks) {
    if (rest < count) return { block, rest }
    rest -= count
  }
  return undefined
}
