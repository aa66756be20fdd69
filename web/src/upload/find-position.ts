import { api, call } from '../api/client'

const PAGE = 60

/**
 * Where in the whole library, newest first, an item is. Ids fall from one end to the other, so each
 * page that is read tells on which side of it to look; what was added lately is on the first.
 *
 * @returns its position from 0, or undefined if there is no such item
 * @throws ApiError, TypeError as `call` does
 */
export async function findPosition(id: number): Promise<number | undefined> {
  let low = 0
  let high = 1
  let offset = 0
  while (low < high) {
    const { data, headers } = await call(
      api.GET('/media', { params: { query: { order: 'added-desc', offset, limit: PAGE } } }),
    )
    const { media } = data
    const index = media.findIndex((item) => item.id === id)
    if (index !== -1) return offset + index
    const newest = media[0]
    if (!newest) return undefined
    if (low === 0 && high === 1) high = Number(headers.get('x-total-count'))
    if (newest.id < id) high = offset
    else low = offset + media.length
    offset = Math.floor((low + high) / 2)
  }
  return undefined
}
