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
import { useRefresh } from './queries'
import { useView } from './view'

/** The fields of an item that a user can change. */
export type Edit = Pick<MediaItem, 'name' | 'tags'>

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
    mutationFn: (edit: Edit) =>
      call(api.POST('/media/edit/{id}', { params: { path: { id } }, body: edit })),
    onMutate: async (edit) => {
      // Requests that were sent earlier would return the old name.
      await client.cancelQueries({
        queryKey: ['media'],
        predicate: ({ state }) => findItem(state.data, id) !== undefined,
      })
      showEverywhere(client, id, edit)
      return { name: item.name, tags: item.tags }
    },
    onSuccess: ({ data: { media } }) => {
      showEverywhere(client, id, { name: media.name, tags: media.tags })
      notify(t.saved, { color: 'green' })
      // Not awaited: the page already shows the saved values.
      void refresh()
      void client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: (error, _edit, before) => {
      if (before) showEverywhere(client, id, before)
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
    refused: error ? (last?.variables as Edit | undefined) : undefined,
  }
}

/** Explains why a change failed. Undefined after a 401: the sign-in form reports that. */
export function explainRefusal(error: unknown, t: Messages): string | undefined {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 401) return undefined
  if (error.status === 403) return t.forbidden
  if (error.code === 'media-not-found') return t.gone
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
function showEverywhere(client: QueryClient, id: number, edit: Edit) {
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
