import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { at } from '../api/base'
import { ApiError } from '../api/client'
import { useAskBeforeUnload } from '../ask-before-unload'
import { sendBulk } from '../media/bulk-request'
import { explainRefusal } from '../media/item-edit'
import { useRefresh } from '../media/queries'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { SESSION_KEY, useSession } from '../session/session'
import { createQueue, type Uploads } from './queue'
import { sendUpload } from './send-upload'

export type { Uploads } from './queue'

const AUTOMATIC = 'vitrine-upload-at-once'
const REFRESH_MS = 1_500

/** Creates the upload queue, and connects it to the session, the network and the page. */
export function useUploads(): Uploads {
  const client = useQueryClient()
  const refresh = useRefresh()
  const { data: user } = useSession()
  const { t } = useMessages()
  const latest = useRef((_: unknown): string => '')
  latest.current = (error) => [t.tagsNotGiven, explainRefusal(error, t)].filter(Boolean).join(' ')
  const [uploads] = useState(() =>
    createQueue({
      isAutomatic: localStorage.getItem(AUTOMATIC) !== 'false',
      send: sendUpload,
      onAdded: atIntervals(refresh),
      retag: async ({ items, add, remove }) => {
        const { signal } = new AbortController()
        const target = { ids: items }
        const end = await sendBulk({ kind: 'tags', add, remove }, target, signal, () => {})
        void client.invalidateQueries({ queryKey: ['tags'] })
        const [failed] = end.failed ?? []
        // An item that was deleted meanwhile (404) needs no tags.
        if (end.code !== 200) throw new ApiError(end.code ?? 500, end.data ?? '', end)
        if (failed && failed.code !== 404) throw new ApiError(failed.code, failed.data, failed)
      },
      onNotTagged: (error) => {
        if (error instanceof ApiError && error.status === 401) {
          client.setQueryData(SESSION_KEY, null)
        } else notify(latest.current(error), { color: 'red', autoClose: 10_000 })
      },
      onSessionOver: () => client.setQueryData(SESSION_KEY, null),
      probe: isServerThere,
    }),
  )

  useEffect(() => uploads.setSignedIn(Boolean(user)), [uploads, user])

  useEffect(() => {
    const follow = () => uploads.setOnline(navigator.onLine)
    follow()
    addEventListener('online', follow)
    addEventListener('offline', follow)
    return () => {
      removeEventListener('online', follow)
      removeEventListener('offline', follow)
    }
  }, [uploads])

  useAskBeforeUnload(uploads.isBusy)

  return uploads
}

export const useUploadIds = ({ store }: Uploads) =>
  useSyncExternalStore(
    useCallback((listener) => store.subscribe('list', listener), [store]),
    store.getIds,
  )

export const useUploadSummary = ({ store }: Uploads) =>
  useSyncExternalStore(
    useCallback((listener) => store.subscribe('summary', listener), [store]),
    store.getSummary,
  )

export const useUpload = ({ store }: Uploads, id: number) =>
  useSyncExternalStore(
    useCallback((listener) => store.subscribe(id, listener), [store, id]),
    () => store.get(id),
  )

export const useQueueView = ({ subscribe, getView }: Uploads) =>
  useSyncExternalStore(subscribe, getView)

/** Sets whether files are sent right away, and remembers it in this browser. */
export function chooseAutomatic(uploads: Uploads, isAutomatic: boolean) {
  localStorage.setItem(AUTOMATIC, String(isAutomatic))
  uploads.setAutomatic(isAutomatic)
}

/** Whether the server sends any response at all. */
const isServerThere = () =>
  fetch(at('/media/add'), { method: 'OPTIONS' }).then(
    () => true,
    () => false,
  )

/** @returns a function that runs `work` after `REFRESH_MS`, once for all calls in that time */
function atIntervals(work: () => unknown): () => void {
  let isPlanned = false
  return () => {
    if (isPlanned) return
    isPlanned = true
    setTimeout(() => {
      isPlanned = false
      work()
    }, REFRESH_MS)
  }
}
