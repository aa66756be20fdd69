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
import type { KeptFiles } from './kept-files'
import { createQueue, type Uploads } from './queue'
import { type SendOptions, sendUpload } from './send-upload'
import { isLarge } from './upload'

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
  const [kept] = useState(loadKeptFiles)
  const userId = useRef<string>(undefined)
  userId.current = user ? String(user.id) : undefined
  const [uploads] = useState(() =>
    createQueue({
      isAutomatic: localStorage.getItem(AUTOMATIC) !== 'false',
      send: (options) => (isLarge(options.file) ? sendLarge(options) : sendUpload(options)),
      onWaiting: async ({ key, file, name, tags }) => {
        const { current } = userId
        if (!current || !isLarge(file)) return
        const keeping = await kept()
        await keeping?.keep({ key, user: current, file, name, tags })
      },
      onOver: async ({ key, file }) => {
        if (isLarge(file)) await (await kept())?.forget(key)
      },
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

  const id = userId.current
  useEffect(() => {
    if (id === undefined) return
    void kept()
      .then((files) => files?.takeBack(id))
      .then((files = []) => files.length > 0 && uploads.takeBack(files))
  }, [uploads, kept, id])

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

/** Loaded later, since few files are large. */
const sendLarge = (options: SendOptions) =>
  import('./send-resumable').then(
    ({ sendResumable }) => sendResumable(options),
    () => ({ kind: 'unreachable' }) as const,
  )

/** @returns a function that loads what keeps files over a reload; undefined if that cannot be loaded */
function loadKeptFiles() {
  let loaded: Promise<KeptFiles | undefined> | undefined
  return () => {
    loaded ??= import('./kept-files').then(
      ({ createKeptFiles }) => createKeptFiles(),
      () => undefined,
    )
    return loaded
  }
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
