import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'

export type CollectionChange =
  | { kind: 'add'; name: string; parent?: number; query?: string }
  | { kind: 'edit'; id: number; name?: string; parent?: number | null; after?: number | null }
  | { kind: 'delete'; id: number }

/** Changes collections one after the other. A refusal is shown in a notice, and the tree shows what holds. */
export function useCollectionChanges() {
  const { t } = useMessages()
  const client = useQueryClient()
  const { mutateAsync } = useMutation({
    scope: { id: 'collections' },
    mutationFn: async (change: CollectionChange) => {
      if (change.kind === 'add') {
        const { kind: _, ...body } = change
        return (await call(api.POST('/collections', { body }))).data.collection.id
      }
      const { id } = change
      if (change.kind === 'edit') {
        const { kind: _, id: __, ...body } = change
        await call(api.PATCH('/collections/{id}', { params: { path: { id } }, body }))
      } else {
        const query = { recursive: true }
        await call(api.DELETE('/collections/{id}', { params: { path: { id }, query } }))
      }
      return id
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['collections'] }),
        client.invalidateQueries({ queryKey: ['media'] }),
      ]),
    onError: (error) => notify(explainRefusal(error, t) ?? t.sessionOver, { color: 'red' }),
  })
  /** @returns the id of the collection; undefined if the server refused the change */
  return (change: CollectionChange) => mutateAsync(change).catch(() => undefined)
}
