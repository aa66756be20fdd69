import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import { at } from '../api/base'
import { useRefresh } from '../media/queries'
import { SESSION_KEY, useSession } from '../session/session'
import { createQueue, type Uploads } from './queue'
import { sendUpload } from './send-upload'

export type { Uploads } from './queue'

const AUTOMATIC = 'vitrine-upload-at-once'
const REFRESH_MS = 1_500

/** The queue of files on their way into the library, tied to the session, the network and the page. */
export function useUploads(): Uploads {
  const client = useQueryClient()
  const refresh = useRefresh()
  const { data: user } = useSession()
  const [uploads] = useState(() =>
    createQueue({
      isAutomatic: localStorage.getItem(AUTOMATIC) !== 'false',
      send: sendUpload,
      onAdded: atIntervals(refresh),
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

  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (uploads.isBusy()) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [uploads])

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

/** Remembers the choice for the next time. */
export function chooseAutomatic(uploads: Uploads, isAutomatic: boolean) {
  localStorage.setItem(AUTOMATIC, String(isAutomatic))
  uploads.setAutomatic(isAutomatic)
}

/** Any answer will do. */
const isServerThere = () =>
  fetch(at('/media/add'), { method: 'OPTIONS' }).then(
    () => true,
    () => false,
  )

/** Runs `work` soon after it is asked for, once for all that is asked meanwhile. */
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
