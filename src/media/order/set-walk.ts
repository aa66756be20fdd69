import type { IdLayout, IdSet } from '../filter/id-set.ts'
import type { OrderPage } from './order-pages.ts'

/** A set of ids, as a filter finds it. */
export interface FoundSet {
  layout: IdLayout
  set: IdSet
  /** How many ids it has. */
  total: number
}

/** Finds the page of a set in blocks of ids that are given one after the other. */
export interface SetWalk {
  /** True if the blocks must be given from the end of the order on, because the page is nearer to it. */
  fromEnd: boolean
  /** True if the ids of a block are walked from the last to the first; blocks of a list must come in the same way. */
  backwards: boolean
  /** @returns true once the page is full */
  take(ids: Uint32Array): boolean
  /** The page. If the blocks lack ids of the set, so does it. */
  page(): number[]
}

/** Walks from the end of the order that is nearer to the page: over half of the items, if the set has no gaps. */
export function walkSet(
  { layout, set, total }: FoundSet,
  { descending, offset, limit }: OrderPage,
): SetWalk {
  const size = Math.max(0, Math.min(limit, total - offset))
  const behind = total - offset - size
  const fromEnd = behind < offset
  const backwards = descending !== fromEnd
  const { directory } = layout
  const found: number[] = []
  let skip = fromEnd ? behind : offset

  // Written out here, because it is run for every item of the library.
  const has = (id: number) => {
    const index = directory[id >>> 12] ?? -1
    return index === -1 ? 0 : ((set[(index << 7) | ((id >>> 5) & 127)] ?? 0) >>> (id & 31)) & 1
  }

  function count(ids: Uint32Array): number {
    let sum = 0
    for (let index = 0; index < ids.length; index++) sum += has(ids[index] ?? 0)
    return sum
  }

  return {
    fromEnd,
    backwards,
    take(ids) {
      if (size === 0) return true
      if (skip > 0) {
        const members = count(ids)
        if (members <= skip) {
          skip -= members
          return false
        }
      }
      for (let step = 0; step < ids.length && found.length < size; step++) {
        const id = ids[backwards ? ids.length - 1 - step : step] ?? 0
        if (has(id) === 0) continue
        if (skip > 0) skip--
        else found.push(id)
      }
      return found.length === size
    },
    page: () => (fromEnd ? found.toReversed() : found),
  }
}

/** The lists of an order, or the blocks of a list, as a walk wants them. */
export const inDirection = <T>(parts: readonly T[], isReversed: boolean): readonly T[] =>
  isReversed ? parts.toReversed() : parts
