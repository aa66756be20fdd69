import type { QueryClient } from '@tanstack/react-query'
import { ApiError, type MediaItem } from '../api/client'
import { itemQuery } from './item-query'
import { PAGE_ITEMS, pageQuery } from './queries'
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
export function findCached(client: QueryClient, { order, search }: View, id: number) {
  const pages = client.getQueriesData<{ items: MediaItem[]; total: number }>({
    queryKey: ['media', { order, search }],
  })
  for (const [[, , page], data] of pages) {
    const index = data?.items.findIndex((item) => item.id === id) ?? -1
    const item = data?.items[index]
    if (!data || !item || typeof page !== 'number') continue
    const place: Place = { position: page * PAGE_ITEMS + index, total: data.total, isThere: true }
    return { item, place }
  }
}

/**
 * Finds the place of an item by a binary search over the pages of the view, which are sorted by id. The
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
 * Guesses the position of an item. Without a search, the server gives its rank. With a search, only the
 * cached pages can help.
 */
async function guessPosition(client: QueryClient, view: View, id: number): Promise<number> {
  const known = findCached(client, view, id)?.place.position ?? 0
  if (view.search !== '') return known
  try {
    const { rank, total } = await client.fetchQuery(itemQuery(id))
    if (rank === undefined || total === undefined) return known
    return view.order === 'added-asc' ? rank : Math.max(0, total - 1 - rank)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return known
    throw error
  }
}
