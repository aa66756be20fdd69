import type { Database } from '../../database/database.ts'
import { runWithin } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { pageOfFew } from './few-items.ts'
import { type KeptList, measureList, readList } from './kept-list.ts'
import { listsOf, type Order } from './lists.ts'
import type { OrderPage } from './order-pages.ts'
import { type FoundSet, inDirection, type SetWalk, walkSet } from './set-walk.ts'
import { walkDatabase } from './walk-database.ts'

/** Four bytes for each item and order: sixteen million. */
const MAX_BYTES = 64 * 2 ** 20
/** A list that takes more than this share of the memory is read from the database at each request. */
const MAX_SHARE = 1 / 4
/** Up to this many items, reading and sorting their keys is faster than reading an order into memory. */
const FEW = 1000

/** Finds pages of sets in any order. */
export interface SetPages {
  /**
   * The ids of a page of a set, in an order that has all its ids.
   *
   * @param version of the library that the set is of; the set must have been read after the version was
   * @returns undefined if the library has another version by now
   */
  pageOfSet(
    version: number,
    order: Order,
    isTrash: boolean,
    found: FoundSet,
    page: OrderPage,
  ): Promise<number[] | undefined>
}

export interface OrderMemory extends SetPages {
  /** Reads in the caller's transaction, and nothing from memory. */
  within(trx: Queries): SetPages
  /** Bytes that are in use, approximately. */
  readonly bytes: number
}

/**
 * Keeps the ids of the orders that were used last in memory. After a change of the library it reads only the changed
 * blocks again.
 */
export function createOrderMemory(
  database: Pick<Database, 'run'>,
  maxBytes = MAX_BYTES,
): OrderMemory {
  const { run } = database
  /** By list. Least recently used first: a Map keeps the order of insertion. */
  const kept = new Map<number, KeptList>()
  /** What is being read, so that many requests read it once. */
  const reading = new Map<number, Promise<KeptList | undefined>>()
  let bytes = 0

  function forget(list: number) {
    bytes -= kept.get(list)?.bytes ?? 0
    kept.delete(list)
  }

  function keep(list: number, read: KeptList) {
    if ((kept.get(list)?.version ?? -1) > read.version) return
    forget(list)
    if (read.bytes > maxBytes * MAX_SHARE) return
    kept.set(list, read)
    bytes += read.bytes
    for (const oldest of kept.keys()) {
      if (bytes <= maxBytes) return
      forget(oldest)
    }
  }

  /** Reads a list once for all requests that need it at the same time. */
  function readShared(list: number): Promise<KeptList | undefined> {
    const running = reading.get(list)
    if (running) return running
    const read = readList(run, list, kept.get(list)).finally(() => reading.delete(list))
    reading.set(list, read)
    return read.then((fresh) => {
      if (fresh) keep(list, fresh)
      return fresh
    })
  }

  /** @returns the list in this version; undefined if the library has another one */
  async function recall(list: number, version: number): Promise<KeptList | undefined> {
    const known = kept.get(list)
    if (known?.version === version) {
      // A use.
      kept.delete(list)
      kept.set(list, known)
      return known
    }
    let fresh = await readShared(list)
    // Another request began to read it, before this version.
    if (fresh && fresh.version < version) fresh = await readShared(list)
    return fresh?.version === version ? fresh : undefined
  }

  async function fits(lists: readonly number[]): Promise<boolean> {
    for (const list of lists) {
      if (kept.has(list)) continue
      if ((await measureList(run, list)) > maxBytes * MAX_SHARE) return false
    }
    return true
  }

  return {
    async pageOfSet(version, order, isTrash, found, page) {
      if (found.total === 0) return []
      const lists = listsOf(order, isTrash)
      if (found.total <= FEW && !lists.every((list) => kept.has(list))) {
        return pageOfFew(run, version, order, isTrash, found, page)
      }
      const walk = walkSet(found, page)
      if (!(await fits(lists))) return walkDatabase(run, version, lists, walk)
      const parts: KeptList[] = []
      for (const list of lists) {
        const part = await recall(list, version)
        if (!part) return undefined
        parts.push(part)
      }
      walkBlocks(parts, walk)
      return walk.page()
    },
    within: (trx) => ({
      async pageOfSet(version, order, isTrash, found, page) {
        if (found.total === 0) return []
        const run = runWithin(trx)
        return found.total <= FEW
          ? pageOfFew(run, version, order, isTrash, found, page)
          : walkDatabase(run, version, listsOf(order, isTrash), walkSet(found, page))
      },
    }),
    get bytes() {
      return bytes
    },
  }
}

function walkBlocks(parts: readonly KeptList[], walk: SetWalk) {
  for (const { blocks } of inDirection(parts, walk.fromEnd)) {
    const { length } = blocks
    for (let step = 0; step < length; step++) {
      const block = blocks[walk.backwards ? length - 1 - step : step]
      if (block && walk.take(block.ids)) return
    }
  }
}
