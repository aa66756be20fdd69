import { api, call, type MediaItem } from '../api/client'

/** An item by its id; of one that is known from a list only, `rank` and `total` are not there. */
export interface RankedItem {
  media: MediaItem
  /** How many items of the library have a smaller id. */
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
