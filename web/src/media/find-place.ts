import type { QueryClient } from '@tanstack/react-query'
import { ApiError, type MediaItem } from '../api/client'
import { itemQuery } from './item-query'
import { PAGE_ITEMS, pageQuery, viewKey } from './queries'
import type { View } from './view'

/** The place of an item in a view. */
export interface Place {
  /** Position from 0. If the item is not in the view, the position of the item that follows it. */
  position: number
  /** Items in the view. */
  total: number
  isThere: boolean
}

/** Finds an item in the cached pages of the view, with its place when the page was read. */
export function findCached(client: QueryClient, view: View, id: number) {
  const pages = client.getQueriesData<{ items: MediaItem[]; total: number }>({
    queryKey: viewKey(view),
  })
  for (const [[, , page], data] of pages) {
    const index = data?.items.findIndex((item) => item.id === id) ?? -1
    const item = data?.items[index]
    if (!data || !item || typeof page !== 'number') continue
    const place: Place = { position: page * PAGE_ITEMS + index, total: data.total, isThere: true }
    return { item, place }
  }
}

/** Whether the items of a view are sorted by id, with or without a search and filters. */
export const isByArrival = ({ order }: View): boolean =>
  order === 'added-desc' || order === 'added-asc'

/**
 * Finds the place of an item in an order that only the server can compute: on the page where it was last,
 * or where the grid is, and on the pages beside that.
 *
 * @param before its last known place in the view
 * @param at position of the first visible image
 * @returns null if it is on none of these pages and was on none before: its place is not known
 * @throws ApiError, TypeError as `call` does
 */
export async function findNearby(
  client: QueryClient,
  view: View,
  id: number,
  before: Place | null | undefined,
  at: number,
  signal: AbortSignal,
): Promise<Place | null> {
  const last = findCached(client, view, id)?.place ?? before
  const start = Math.floor((last?.position ?? at) / PAGE_ITEMS)
  let count = 0
  for (const page of [start, start - 1, start + 1]) {
    signal.throwIfAborted()
    if (page < 0 || (page > start && page * PAGE_ITEMS >= count)) continue
    const { items, total } = await client.fetchQuery(pageQuery(view, page))
    count = total
    const index = items.findIndex((item) => item.id === id)
    if (index >= 0) return { position: page * PAGE_ITEMS + index, total, isThere: true }
  }
  return last ? { position: Math.min(last.position, count), total: count, isThere: false } : null
}

/**
 * Finds the place of an item by a binary search over the pages of a view that are sorted by id. The
 * first guess is usually right.
 *
 * @throws ApiError, TypeError as `call` does
 */
export async function findPlace(
  client: QueryClient,
  view: View,
  id: number,
  signal: AbortSignal,
): Promise<Place> {
  const isBefore = (other: number) => (view.order === 'added-desc' ? other > id : other < id)
  let page = Math.floor((await guessPosition(client, view, id)) / PAGE_ITEMS)
  let low = 0
  let high = Number.POSITIVE_INFINITY
  let total = 0
  while (low < high) {
    signal.throwIfAborted()
    const { items, total: count } = await client.fetchQuery(pageQuery(view, page))
    total = count
    high = Math.min(high, Math.ceil(total / PAGE_ITEMS))
    const index = items.findIndex((item) => !isBefore(item.id))
    const isThere = items[index]?.id === id
    if (isThere || index > 0) return { position: page * PAGE_ITEMS + index, total, isThere }
    if (index === 0) high = Math.min(high, page)
    else if (page < high) low = page + 1
    page = Math.floor((low + high) / 2)
  }
  return { position: Math.min(total, low * PAGE_ITEMS), total, isThere: false }
}

/**
 * Guesses the position of an item. In the whole library, the server gives its rank. With a search or
 * filters, only the cached pages can help.
 */
async function guessPosition(client: QueryClient, view: View, id: number): Promise<number> {
  const known = findCached(client, view, id)?.place.position ?? 0
  if (view.search !== '' || view.filters !== '') return known
  try {
    const { rank, total } = await client.fetchQuery(itemQuery(id))
    if (rank === undefined || total === undefined) return known
    return view.order === 'added-asc' ? rank : Math.max(0, total - 1 - rank)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return known
    throw error
  }
}
