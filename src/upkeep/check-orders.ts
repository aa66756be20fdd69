import type { Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import { countVersion } from '../media/library.ts'
import { compareEntries, decodeBlock, type KeyedId, keyAt } from '../media/order/blocks.ts'
import type { ListEntry } from '../media/order/lists.ts'
import { partOf, REBUILT, type Rebuilt, readEntries, rebuildOrder } from '../media/order/rebuild.ts'
import type { Check } from './finding.ts'

/** Blocks read at once. */
const BLOCKS = 500

/** In the order of `REBUILT`. */
const NAMES = ['name', 'size', 'date', 'change', 'width', 'height']
const nameOf = (part: Rebuilt) =>
  part === 'collections' ? 'in collections' : `by ${NAMES[REBUILT.indexOf(part)]}`

/**
 * Checks that the blocks of `media/order/` hold exactly the items, in order. Adds up the hashes of the entries that
 * should be there, and of the stored entries. A difference stays undetected with a probability of 1 in 2^32.
 */
export const checkOrders: Check = async function* ({ database }) {
  const wrong = await findWrong(database)
  if (wrong.length === 0) return
  const named = wrong.map((part) => `the order ${nameOf(part)}`).join(', ')
  yield {
    problem: `Lists are incomplete or in a wrong order, because of ${named}.`,
    remedy: 'Builds it anew from the items.',
    async repair(library) {
      for (const part of wrong) {
        await library.database.write(async (trx) => {
          await countVersion(trx)
          await rebuildOrder(trx, part)
        })
      }
      return { done: 'Built it anew.' }
    },
  }
}

const findWrong = (database: Database): Promise<Rebuilt[]> =>
  database.snapshot(async (trx) => {
    const { sums, damaged } = await sumBlocks(trx)
    for (const part of REBUILT) {
      for await (const entries of readEntries(trx, part)) {
        for (const entry of entries) addTo(sums, entry, -1)
      }
    }
    for (const [list, sum] of sums) if (sum !== 0) damaged.add(list)
    const parts = new Set([...damaged].map(partOf))
    return REBUILT.filter((part) => parts.has(part))
  })

/** Adds up the entries of each list, and finds the lists with wrong blocks. */
async function sumBlocks(db: Queries) {
  const sums = new Map<number, number>()
  const damaged = new Set<number>()
  const rows = db
    .selectFrom('order_blocks')
    .select(['list', 'lower_key', 'lower_id', 'count', 'ids', 'keys'])
    .orderBy('list')
    .orderBy('lower_key')
    .orderBy('lower_id')
    .stream(BLOCKS)
  let last: ListEntry | undefined
  for await (const row of rows) {
    const { list } = row
    if (last?.list !== list) last = undefined
    const lower = { list, key: row.lower_key, id: row.lower_id }
    try {
      const entries = decodeBlock(row)
      if (row.count !== entries.ids.length || (last && isBehind(last, lower))) damaged.add(list)
      last = { ...lower, id: lower.id - 1 }
      for (const [index, id] of entries.ids.entries()) {
        const entry = { list, key: keyAt(entries, index), id }
        if (!isBehind(entry, last)) damaged.add(list)
        addTo(sums, entry, 1)
        last = entry
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      damaged.add(list)
    }
  }
  return { sums, damaged }
}

/** Whether an entry comes behind another. */
const isBehind = (one: KeyedId, other: KeyedId) => compareEntries(one, other) > 0

/** Adds the hash of an entry to the sum of its list, or subtracts it. */
function addTo(sums: Map<number, number>, entry: ListEntry, sign: 1 | -1) {
  sums.set(entry.list, ((sums.get(entry.list) ?? 0) + sign * hashOf(entry)) | 0)
}

/** FNV-1a: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
function hashOf({ key, id }: ListEntry): number {
  let hash = 0x811c9dc5
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193)
  for (let shift = 0; shift < 32; shift += 8) {
    hash = Math.imul(hash ^ ((id >>> shift) & 255), 0x01000193)
  }
  return hash
}
