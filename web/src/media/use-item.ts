import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/client'
import { findCached, findNearby, findPlace, isByArrival, type Place } from './find-place'
import { itemQuery, type RankedItem } from './item-query'
import { useItems } from './queries'
import { isTrash, useView, type View } from './view'

/** An item by its id: first from a cached list of the view, then as the server has it. */
export function useItem(view: View, id: number) {
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    ...itemQuery(id),
    initialData: (): RankedItem | undefined => {
      const cached = findCached(client, view, id)
      // Lists do not have the member `srcset`.
      return cached && { media: { ...cached.item, urls: { ...cached.item.urls, srcset: '' } } }
    },
    initialDataUpdatedAt: 0,
  })
  const isGone = error instanceof ApiError && error.status === 404
  const isInTrash = data?.total === undefined ? isTrash(view) : data.media.trashedAt !== undefined
  return { item: data?.media, isInTrash, isGone, error, retry: () => void refetch() }
}

/**
 * The place of an item in the view. It is updated when other items are added or deleted.
 * @returns undefined while it is not known
 */
export function usePlace({ order, search, filters }: View, id: number): Place | undefined {
  const client = useQueryClient()
  const { at } = useView()
  const view = { order, search, filters }
  const queryKey = ['media', 'place', view, id]
  const { data } = useQuery({
    queryKey,
    queryFn: async ({ signal }): Promise<Place | null> =>
      isByArrival(view)
        ? findPlace(client, view, id, signal)
        : findNearby(client, view, id, client.getQueryData<Place | null>(queryKey), at, signal),
    placeholderData: () => findCached(client, view, id)?.place,
  })
  return data ?? undefined
}

/**
 * The items before and after an item in the view; undefined if there is none or it is loading.
 * @param isSkipped whether an item must not be shown
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
  // The list and the place were read at different moments. Both are about to be reloaded.
  if (isThere && itemAt(position)?.id !== id) return {}
  return { previous: find(position - 1, -1), next: find(isThere ? position + 1 : position, 1) }
}
