import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/client'
import { findCached, findPlace, type Place } from './find-place'
import { itemQuery, type RankedItem } from './item-query'
import { useItems } from './queries'
import type { View } from './view'

/** An item by its id: at once if a list of the view had it, and then as it is now. */
export function useItem(view: View, id: number) {
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    ...itemQuery(id),
    initialData: (): RankedItem | undefined => {
      const cached = findCached(client, view, id)
      return cached && { media: cached.item }
    },
    initialDataUpdatedAt: 0,
  })
  const isGone = error instanceof ApiError && error.status === 404
  return { item: data?.media, isGone, error, retry: () => void refetch() }
}

/** Where in the view an item is now, also as others come and go. */
export function usePlace({ order, search }: View, id: number): Place | undefined {
  const client = useQueryClient()
  const view = { order, search }
  const { data } = useQuery({
    queryKey: ['media', 'place', view, id],
    queryFn: ({ signal }) => findPlace(client, view, id, signal),
    placeholderData: () => findCached(client, view, id)?.place,
  })
  return data
}

/**
 * The items before and after one in the view, undefined where there is none or it is on its way.
 * @param isSkipped what is not to be shown
 */
export function useNeighbours(
  view: View,
  id: number,
  place: Place | undefined,
  isSkipped: (id: number) => boolean,
) {
  const { position, total, isThere } = place ?? { position: 0, total: 0, isThere: false }
  const { itemAt } = useItems(view, Math.max(0, position - 1), Math.min(total - 1, position + 1))
  const find = (from: number, step: number) => {
    let at = from
    let item = itemAt(at)
    while (item && isSkipped(item.id)) {
      at += step
      item = itemAt(at)
    }
    return item
  }
  // The list was read at another moment; both are about to be read again.
  if (isThere && itemAt(position)?.id !== id) return {}
  return { previous: find(position - 1, -1), next: find(isThere ? position + 1 : position, 1) }
}
