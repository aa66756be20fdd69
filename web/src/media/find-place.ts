import type { QueryClient } from '@tanstack/react-query'
import { ApiError, type MediaItem } from '../api/client'
import { itemQuery } from './item-query'
import { PAGE_ITEMS, pageQuery } from './queries'
import type { View } from './view'

/** Where in a view an item is. */
export interface Place {
  /** From 0. Of an item that is not in the view: of the one that comes after it. */
  position: number
  /** Items in the view. */
  total: number
  isThere: boolean
}

/** An item that was read with a page of the view, and its place at that moment. */
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
 * Finds the place of an item by reading pages of the view. Ids rise or fall from one end to the
 * other, so each page tells on which side of it to look; the first guess is mostly right.
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

/** Without a search the server knows; with one, only what was read before may help. */
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
