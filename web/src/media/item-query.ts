import { at } from '../api/base'
import { api, call, type MediaItem } from '../api/client'
import type { paths } from '../api/schema'

/** An item as one request returns it. */
type OneItem = paths['/media/item/{id}']['get']['responses'][200]['content']['application/json']

/** An item. What lists do not have is undefined if it is known only from a list. */
export type KnownItem = MediaItem & { urls: { srcset?: string } } & Partial<
    Omit<OneItem['media'], keyof MediaItem>
  >

/** An item. The other members are undefined if it is known only from a list. */
export interface RankedItem {
  media: KnownItem
  /** Names this revision of the item in `If-Match`. Also undefined after a change, until it is read again. */
  etag?: string | undefined
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
    const { rank } = data
    const media: KnownItem = data.media
    return {
      media: media.trashedAt === undefined ? media : inTrash(media),
      rank,
      total: Number(headers.get('x-total-count')),
      etag: headers.get('etag') ?? undefined,
    }
  },
})

/** An item of the trash, with addresses that show its images there. Its public ones show nothing. */
export const inTrash = <Item extends MediaItem>(item: Item): Item => {
  const address = (variant: string) => at(`/media/image/${item.id}/${variant}?in=trash`)
  const urls = {
    scaled: address('scaled'),
    high: address('high'),
    template: address('w_{width}.webp'),
  }
  return { ...item, urls }
}
