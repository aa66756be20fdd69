import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import {
  type QueryClient,
  useMutation,
  useMutationState,
  useQueryClient,
} from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { ApiError, api, call, type MediaItem } from '../api/client'
import type { Messages } from '../messages/en'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { itemQuery, type RankedItem } from './item-query'
import { useRefresh } from './queries'
import { useView } from './view'

/** The fields of an item that a user can change here. */
export const FIELDS = [
  'name',
  'tags',
  'alt',
  'description',
  'credit',
  'copyright',
  'source',
  'rating',
  'collections',
  'focus',
] as const
export type Edit = Pick<MediaItem, (typeof FIELDS)[number]>

export interface Change {
  /** The fields that were changed. */
  edit: Partial<Edit>
  /** Revision of the item on which the user has made the change. */
  revision: number
}

export const EDIT_KEY = ['edit'] as const

/**
 * Saves changes of an item. The page shows them before the server has responded, and undoes them if the
 * server refuses. Refused input is kept until the page is closed. If the item is no longer open by then,
 * a notification reports the refusal.
 */
export function useItemEdit(item: MediaItem) {
  const { t } = useMessages()
  const client = useQueryClient()
  const refresh = useRefresh()
  const { setView } = useView()
  const { id } = item
  const mutationKey = [...EDIT_KEY, id]
  const isSeen = useRef(true)
  useEffect(() => {
    isSeen.current = true
    return () => {
      isSeen.current = false
    }
  }, [])

  const { mutate: save } = useMutation({
    mutationKey,
    // Keeps refused changes until the page is closed.
    gcTime: Number.POSITIVE_INFINITY,
    mutationFn: async ({ edit, revision }: Change) => {
      const etag = await readTag(client, id, revision)
      return call(
        api.PATCH('/media/item/{id}', {
          params: { path: { id } },
          headers: { 'if-match': etag },
          body: edit,
        }),
      )
    },
    onMutate: async ({ edit }) => {
      // Requests that were sent earlier would return the old name.
      await client.cancelQueries({
        queryKey: ['media'],
        predicate: ({ state }) => findItem(state.data, id) !== undefined,
      })
      showEverywhere(client, id, edit)
      const before = FIELDS.filter((field) => field in edit).map((field) => [field, item[field]])
      return { name: item.name, edit: Object.fromEntries(before) as Partial<Edit> }
    },
    onSuccess: ({ data: { media } }) => {
      showEverywhere(client, id, media)
      client.setQueryData<RankedItem>(
        itemQuery(id).queryKey,
        (known) => known && { ...known, etag: undefined },
      )
      notify(t.saved, { color: 'green' })
      // Not awaited: the page already shows the saved values.
      void refresh()
      void client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: (error, _change, before) => {
      if (before) showEverywhere(client, id, before.edit)
      // Another user may have deleted or changed the item.
      if (!(error instanceof ApiError && error.status === 401)) void refresh()
      if (isSeen.current) return
      const notice = `not-saved-${id}`
      notifications.hide(notice)
      notifications.show({
        id: notice,
        color: 'red',
        autoClose: false,
        closeButtonProps: { 'aria-label': t.close },
        message: (
          <Group justify="space-between" gap="xs">
            <Text size="sm">
              {t.notSaved(before?.name ?? item.name)} {explainRefusal(error, t)}
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => {
                notifications.hide(notice)
                void setView({ open: id }, { history: 'push' })
              }}
            >
              {t.showChanges}
            </Button>
          </Group>
        ),
      })
    },
  })
  const last = useMutationState({
    filters: { mutationKey, exact: true },
    select: ({ state }) => state,
  }).at(-1)
  const error = last?.status === 'error' ? last.error : undefined

  /** Forgets the refused changes. */
  const forget = () => {
    const mutations = client.getMutationCache()
    for (const mutation of mutations.findAll({ mutationKey, exact: true, status: 'error' })) {
      mutations.remove(mutation)
    }
  }
  return {
    save,
    forget,
    isSaving: last?.status === 'pending',
    /** Reason why the last change was refused, as text. */
    refusal: error && explainRefusal(error, t),
    /** The last change, if it was refused. */
    refused: error ? (last?.variables as Change | undefined) : undefined,
    /** Whether it was refused because the item has changed meanwhile. */
    isConflict: isChangedError(error),
  }
}

/**
 * The ETag of an item, for `If-Match`.
 * @throws ApiError 412 if the item is known to have another revision already; others as `call` does
 */
async function readTag(client: QueryClient, id: number, revision: number): Promise<string> {
  const query = itemQuery(id)
  const known = client.getQueryData<RankedItem>(query.queryKey)
  const { media, etag } = known?.etag
    ? known
    : await client.fetchQuery<RankedItem>({ ...query, staleTime: 0 })
  if (media.revision !== revision || !etag) {
    throw new ApiError(412, 'Media changed meanwhile', { error: CHANGED })
  }
  return etag
}

const CHANGED = 'media-changed'

const isChangedError = (error: unknown): boolean =>
  error instanceof ApiError && error.code === CHANGED

/** Explains why a change failed. Undefined after a 401: the sign-in form reports that. */
export function explainRefusal(error: unknown, t: Messages): string | undefined {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 401) return undefined
  if (error.status === 403) return t.forbidden
  if (error.code === 'media-not-found') return t.gone
  if (isChangedError(error)) return t.changedMeanwhile
  return error.status < 500 || error.status === 503
    ? (error.detail ?? error.message)
    : t.serverFault
}

interface Known {
  items?: MediaItem[]
  media?: MediaItem
}

const findItem = (data: unknown, id: number): MediaItem | undefined => {
  const { items, media } = (data ?? {}) as Known
  return media?.id === id ? media : items?.find((item) => item.id === id)
}

/** Changes an item in every cached query that contains it. */
function showEverywhere(client: QueryClient, id: number, edit: Partial<MediaItem>) {
  client.setQueriesData<Known>(
    { queryKey: ['media'], predicate: ({ state }) => findItem(state.data, id) !== undefined },
    (known) =>
      known && {
        ...known,
        ...(known.media && { media: { ...known.media, ...edit } }),
        ...(known.items && {
          items: known.items.map((item) => (item.id === id ? { ...item, ...edit } : item)),
        }),
      },
  )
}
