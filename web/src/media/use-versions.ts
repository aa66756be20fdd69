import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError, api, call, type MediaItem } from '../api/client'
import { useAskBeforeUnload } from '../ask-before-unload'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { notify } from '../notify'
import { explainRefusal } from './item-edit'
import { useRefresh } from './queries'

/** The versions of an item, the newest and present one first. */
export const useVersions = (id: number) =>
  useQuery({
    queryKey: ['media', 'versions', id],
    queryFn: async ({ signal }) => {
      const params = { path: { id } }
      return (await call(api.GET('/media/item/{id}/versions', { params, signal }))).data.versions
    },
  })

/** Gives an item another file. */
export function useReplace({ id, name }: MediaItem) {
  const m = useToolMessages()
  return useChange(m.replaced(name), (file: File) => {
    const form = new FormData()
    form.append('image', file)
    const params = { path: { id } }
    const body = { image: file.name }
    // Typed as JSON, and sent as a form: the file is not read into memory.
    return call(api.POST('/media/replace/{id}', { params, body, bodySerializer: () => form }))
  })
}

/** Makes an earlier version the present one. */
export function useRestore({ id }: MediaItem) {
  const m = useToolMessages()
  return useChange(m.restored, (version: number) =>
    call(
      api.POST('/media/item/{id}/versions/{version}/restore', {
        params: { path: { id, version } },
      }),
    ),
  )
}

/** A change of the file. The page reports its end even if the user has opened another image meanwhile. */
function useChange<T>(done: string, change: (what: T) => Promise<unknown>) {
  const { t } = useMessages()
  const m = useToolMessages()
  const refresh = useRefresh()
  const mutation = useMutation({
    mutationFn: change,
    onSuccess: () => notify(done, { color: 'green' }),
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) return
      const message = `${m.notReplaced} ${explainRefusal(error, t) ?? ''}`
      notify(message, { color: 'red', autoClose: false })
    },
    // Also after an error: another user may have changed the item.
    onSettled: () => refresh(),
  })
  useAskBeforeUnload(() => mutation.isPending)
  return mutation
}
