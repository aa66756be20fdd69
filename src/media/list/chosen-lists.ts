import { createRecent } from '../../base/recent.ts'
import type { Queries } from '../../database/tables.ts'
import { pageOf } from '../filter/id-set.ts'
import { orderListOf } from '../order/order-lists.ts'
import type { OrderMemory } from '../order/order-memory.ts'
import { readOrderPage } from '../order/orders.ts'
import { isIdOrder } from '../order/read-order.ts'
import { type Chosen, chooseItems } from './choose-items.ts'
import { type ListQuery, type ListSummary, summarize } from './list.ts'
import { countMedia } from './rank.ts'

/** Memory for the sets of ids of recent filters and searches: 125 kB each in a library of a million items. */
const MAX_BYTES = 16 * 1024 * 1024

/** Lists with a filter, or in another order than that of the ids. */
export interface ChosenLists {
  /**
   * Finds a part of a list, in the transaction of the caller.
   * @param version of the library, read in this transaction
   * @returns the ids of the part, in their order
   */
  find(
    trx: Queries,
    version: number,
    query: ListQuery,
  ): Promise<{ summary: ListSummary; ids: number[] }>
}

/** Keeps in memory which items recent filters and searches chose, until the library changes. */
export function createChosenLists(orders: OrderMemory): ChosenLists {
  let memory = { version: -1, chosen: createRecent<Chosen>(MAX_BYTES) }

  async function choose(trx: Queries, version: number, query: ListQuery): Promise<Chosen> {
    if (memory.version !== version) memory = { version, chosen: createRecent(MAX_BYTES) }
    const { chosen } = memory
    const key = JSON.stringify([query.filter, query.terms])
    const known = chosen.get(key)
    if (known) return known
    const found = await chooseItems(trx, query)
    chosen.set(key, found, found.set.byteLength + found.layout.directory.byteLength)
    return found
  }

  return {
    async find(trx, version, query) {
      const { order, offset, filter, terms } = query
      const isTrash = filter?.in === 'trash'
      const list = isIdOrder(order) ? undefined : orderListOf(order, filter)
      const descending = order.endsWith('-desc')
      if (list !== undefined && filter === undefined && terms.length === 0) {
        const summary = summarize(query, await countMedia(trx))
        const limit = lengthOf(summary)
        const ids = limit === 0 ? [] : await readOrderPage(trx, list, { descending, offset, limit })
        return { summary, ids }
      }
      const { layout, set, total } = await choose(trx, version, query)
      const summary = summarize(query, total)
      const page = { descending, offset, limit: lengthOf(summary) }
      if (page.limit === 0) return { summary, ids: [] }
      const ids =
        list === undefined
          ? pageOf(layout, set, page)
          : await orders.pageOfSet(trx, version, list, { layout, set, total }, page)
      return { summary, ids }
    },
  }
}

/** How many items a part of a list has. */
export const lengthOf = ({ from, to }: ListSummary): number => (from === 0 ? 0 : to - from + 1)
