import { sql } from 'kysely'
import { type Parameter, prepare, type RunPrepared } from '../../database/prepared.ts'
import { decodeIds, type KeyedId } from './blocks.ts'
import { inDirection, type SetWalk } from './set-walk.ts'

/** Blocks that are read at once. */
const BLOCKS_AT_ONCE = 256

/**
 * Walks over the blocks of lists as they are read, and keeps none of them.
 * @returns undefined if the library has another version by now
 */
export async function walkDatabase(
  run: RunPrepared,
  version: number,
  lists: readonly number[],
  walk: SetWalk,
): Promise<number[] | undefined> {
  const find = walk.backwards ? findBefore : findBehind
  const [first, most] = walk.backwards ? [HIGHEST, BLOCKS_AT_ONCE] : [LOWEST, BLOCKS_AT_ONCE]
  let isFull = false
  for (const list of inDirection(lists, walk.fromEnd)) {
    let last = first
    let count = most
    while (count === most && !isFull) {
      const rows = await run(find, list, last.key, last.id, most)
      count = rows.length
      for (const { ids } of rows) isFull ||= walk.take(decodeIds(ids))
      const end = rows.at(-1)
      if (end) last = { key: end.lower_key, id: end.lower_id }
    }
  }
  // Versions only grow. If it is still the same, all queries saw it.
  const [now] = await run(findVersion)
  return now?.version === version ? walk.page() : undefined
}

const findVersion = prepare((db) => db.selectFrom('library').select('version').compile())

/** Before the first block of any list, and behind the last one: a key has at most 1,024 bytes. */
const LOWEST: KeyedId = { key: new Uint8Array(0), id: -1 }
const HIGHEST: KeyedId = { key: new Uint8Array(1025).fill(255), id: 0 }

const findFrom = (comparison: '<' | '>') =>
  prepare(
    (
      db,
      list: Parameter<number>,
      key: Parameter<Uint8Array>,
      id: Parameter<number>,
      count: Parameter<number>,
    ) => {
      const direction = sql.raw(comparison === '>' ? 'ASC' : 'DESC')
      return sql<{ lower_key: Uint8Array; lower_id: number; ids: Uint8Array }>`
        SELECT lower_key, lower_id, ids FROM order_blocks
        WHERE list = ${list} AND (lower_key, lower_id) ${sql.raw(comparison)} (${key}, ${id})
        ORDER BY lower_key ${direction}, lower_id ${direction}
        LIMIT (SELECT CAST(${count} AS bigint))`.compile(db)
    },
  )

const findBefore = findFrom('<')
const findBehind = findFrom('>')
