import { api, call, type MediaItem } from '../api/client'

/** An item. `rank` and `total` are undefined if it is known only from a list. */
export interface RankedItem {
  media: MediaItem
  /** Number of items in the library with a smaller id. */
  rank?: number
  total?: number
}

export const itemQuery = (id: number) => ({
  queryKey: ['media', 'item', id],
  queryFn: async ({ signal }: { signal: AbortSignal }): Promise<RankedItem> => {
    const { data, headers } = await call(
      api.GET('/media/item/{id}', { params: { path: { id } }, signal }),
    )
    return { ...data, total: Number(headers.get('x-total-count')) }
  },
})
