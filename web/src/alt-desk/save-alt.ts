import { ApiError, api, call } from '../api/client'

/** Others may change the image between two requests, but hardly this often. */
const MAX_TIMES = 5

/** How saving ended: the server has the text; or somebody else has written one meanwhile. */
export type Saved = { kind: 'saved' } | { kind: 'conflict'; theirs: string }

/**
 * Writes an alternative text if the image still has the one that the user has seen. Changes of anything else do not
 * matter.
 *
 * @param seen null if there was none
 * @throws ApiError 404 if the image is gone; others as `call` does
 */
export async function saveAlt(id: number, seen: string | null, alt: string): Promise<Saved> {
  const params = { path: { id } }
  for (let time = 1; ; time++) {
    const { data, headers } = await call(api.GET('/media/item/{id}', { params, cache: 'no-cache' }))
    const { media } = data
    // In the trash it cannot be changed.
    if (media.trashedAt !== undefined) throw new ApiError(404, 'Media not found')
    if (media.alt === alt) return { kind: 'saved' }
    if (media.alt !== null && media.alt !== seen) return { kind: 'conflict', theirs: media.alt }
    try {
      await call(
        api.PATCH('/media/item/{id}', {
          params,
          headers: { 'if-match': headers.get('etag') ?? '*' },
          body: { alt },
        }),
      )
      return { kind: 'saved' }
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 412) || time === MAX_TIMES) throw error
    }
  }
}
