import { sql } from 'kysely'
import { type Parameter, prepare, type RunPrepared } from '../../database/prepared.ts'
import { compareEntries, decodeIds, type KeyedId } from './blocks.ts'

/** Bytes of a block besides its ids: its bound, and the headers of its objects. */
const BLOCK_BYTES = 400

export interface KeptBlock {
  lower: KeyedId
  ids: Uint32Array
}

/** A list as it was in one version of the library. */
export interface KeptList {
  version: number
  /** In order. */
  blocks: readonly KeptBlock[]
  /** That it takes in memory, about. */
  bytes: number
}

const bytesOf = (items: number, blocks: number) => 4 * items + BLOCK_BYTES * blocks

/** Bytes that a list would take in memory. */
export async function measureList(run: RunPrepared, list: number): Promise<number> {
  const [size] = await run(findSize, list)
  return bytesOf(size?.items ?? 0, size?.blocks ?? 0)
}

/**
 * Reads a list.
 * @param known an earlier version of it, from which unchanged blocks are taken
 * @returns undefined if the library changed meanwhile
 */
export async function readList(
  run: RunPrepared,
  list: number,
  known: KeptList | undefined,
): Promise<KeptList | undefined> {
  const rows = await run(findChanged, list, known?.version ?? -1)
  const [{ version, count } = { version: -1, count: 0 }] = rows
  const changed = rows.flatMap(({ lower_key: key, lower_id: id, ids }) =>
    key === null || id === null || ids === null ? [] : { lower: { key, id }, ids: decodeIds(ids) },
  )
  let blocks = mergeBlocks(known?.blocks ?? [], changed)
  // Every block of the present is among these. If there are more, some do not exist any more.
  if (blocks.length !== count) {
    const lowers = await run(findLowers, list)
    if (lowers.some((row) => row.version !== version)) return undefined
    const present = new Set(lowers.map(({ lower_key, lower_id }) => nameOf(lower_key, lower_id)))
    blocks = blocks.filter(({ lower }) => present.has(nameOf(lower.key, lower.id)))
    if (blocks.length !== count) return undefined
  }
  const items = blocks.reduce((sum, { ids }) => sum + ids.length, 0)
  return { version, blocks, bytes: bytesOf(items, blocks.length) }
}

const nameOf = (key: Uint8Array, id: number) => `${id} ${Buffer.from(key).toString('base64')}`

/** Both are in order. Of blocks with the same bound, the changed one is taken. */
function mergeBlocks(known: readonly KeptBlock[], changed: readonly KeptBlock[]): KeptBlock[] {
  const merged: KeptBlock[] = []
  let at = 0
  for (const block of changed) {
    let [low, high] = [at, known.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const one = known[middle]
      if (one && compareEntries(one.lower, block.lower) < 0) low = middle + 1
      else high = middle
    }
    for (const unchanged of known.slice(at, low)) merged.push(unchanged)
    at = low
    merged.push(block)
    const next = known[at]
    if (next && compareEntries(next.lower, block.lower) === 0) at++
  }
  return merged.concat(known.slice(at))
}

/** One row at least, for the version and the number of blocks. */
const findChanged = prepare((db, list: Parameter<number>, after: Parameter<number>) =>
  sql<{
    version: number
    count: number
    lower_key: Uint8Array | null
    lower_id: number | null
    ids: Uint8Array | null
  }>`
    SELECT library.version, (SELECT count(*) FROM order_blocks WHERE list = ${list}) AS count,
      lower_key, lower_id, ids
    FROM library LEFT JOIN order_blocks AS block ON list = ${list} AND block.version > ${after}
    ORDER BY lower_key, lower_id`.compile(db),
)

const VERSION = sql<number>`(SELECT version FROM library)`

const findLowers = prepare((db, list: Parameter<number>) =>
  db
    .selectFrom('order_blocks')
    .select(['lower_key', 'lower_id', VERSION.as('version')])
    .where('list', '=', list)
    .compile(),
)

const findSize = prepare((db, list: Parameter<number>) =>
  sql<{ blocks: number; items: number }>`
    SELECT count(*) AS blocks, coalesce(sum(count), 0) AS items FROM order_blocks
    WHERE list = ${list}`.compile(db),
)
