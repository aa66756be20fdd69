import { ApiError, api, call, type MediaItem } from '../api/client'
import type { paths } from '../api/schema'
import { sendBulk } from '../media/bulk-request'

type Details =
  paths['/media/item/{id}']['get']['responses'][200]['content']['application/json']['media']
type Patch = NonNullable<
  paths['/media/item/{id}']['patch']['requestBody']
>['content']['application/json']

/** The members that a merge may fill in the image that stays. */
const FILLED = [
  'tags',
  'collections',
  'alt',
  'description',
  'credit',
  'copyright',
  'source',
  'takenAt',
  'rating',
  'focus',
] as const

/** What undoing a merge needs. */
export interface Merged {
  ids: readonly number[]
  before: Details
  after: MediaItem
}

/**
 * Merges images into one that stays.
 * @throws ApiError 404 if one of them is gone; others as `call` does
 */
export async function mergeInto(into: number, ids: readonly number[]): Promise<Merged> {
  const before = (await readItem(into)).media
  // Its texts would be merged into an image that nobody sees.
  if (before.trashedAt !== undefined) throw new ApiError(404, 'Media not found')
  const { data } = await call(api.POST('/media/merge', { body: { into, ids: [...ids] } }))
  return { ids, before, after: data.media }
}

const readItem = async (id: number) => {
  const { data, headers } = await call(
    api.GET('/media/item/{id}', { params: { path: { id } }, cache: 'no-cache' }),
  )
  return { media: data.media, etag: headers.get('etag') }
}

/**
 * Brings the merged images back from the trash, and takes from the image that stayed what the merge gave it.
 *
 * @returns whether it could be taken: not if somebody has changed the image since
 * @throws ApiError if an image is no longer in the trash; others as `sendBulk` does
 */
export async function undoMerge({ ids, before, after }: Merged): Promise<boolean> {
  const { signal } = new AbortController()
  const { failures, failed } = await sendBulk(
    { kind: 'restore' },
    { ids: [...ids] },
    signal,
    () => {},
  )
  const [first] = failed ?? []
  if (failures > 0) throw new ApiError(first?.code ?? 404, first?.data ?? 'Media not found', first)
  try {
    const { media, etag } = await readItem(after.id)
    if (media.revision !== after.revision || etag === null) return false
    const body = findChanges(before, media)
    if (Object.keys(body).length === 0) return true
    await call(
      api.PATCH('/media/item/{id}', {
        params: { path: { id: after.id } },
        headers: { 'if-match': etag },
        body,
      }),
    )
    return true
  } catch (error) {
    if (error instanceof ApiError && [404, 412].includes(error.status)) return false
    throw error
  }
}

/** The merge patch that makes the members of an item what they were. */
function findChanges(before: Details, now: Details): Patch {
  const changed = FILLED.filter((name) => !isSame(before[name], now[name]))
  const patch: Record<string, unknown> = Object.fromEntries(
    changed.map((name) => [name, before[name]]),
  )
  if (!isSame(before.translations, now.translations)) {
    const added = Object.keys(now.translations).filter((tag) => !(tag in before.translations))
    patch.translations = {
      ...before.translations,
      ...Object.fromEntries(added.map((tag) => [tag, null])),
    }
  }
  return patch
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
