import { Alert, Button } from '@mantine/core'
import { modals } from '@mantine/modals'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { ApiError, api, call, type MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission } from '../session/session'
import { explainRefusal } from './item-edit'
import { useRefresh } from './queries'

/** Deletes one image, after a question; not offered where it cannot be done. */
export function DeleteButton({ item, onDeleted }: { item: MediaItem; onDeleted: () => void }) {
  const { t } = useMessages()
  const mayDelete = usePermission('delete-media')
  const isServed = useFileService()
  const refresh = useRefresh()
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => call(api.DELETE('/media/delete/{id}', { params: { path: { id: item.id } } })),
    onSuccess: async () => {
      onDeleted()
      notifications.show({ message: t.removed(item.name) })
      await refresh()
    },
    // Somebody else was faster: the page finds that it is gone.
    onError: (refused) => {
      if (refused instanceof ApiError && refused.status === 404) void refresh()
    },
  })
  if (!mayDelete || !isServed) return null
  const ask = () =>
    modals.openConfirmModal({
      title: t.remove,
      children: t.removeQuestion(item.name),
      labels: { confirm: t.remove, cancel: t.cancel },
      confirmProps: { color: 'red' },
      onConfirm: () => mutate(),
    })
  const refusal = error && explainRefusal(error, t)
  return (
    <>
      {refusal && (
        <Alert color="red" role="alert">
          {refusal}
        </Alert>
      )}
      <Button color="red" variant="light" w="fit-content" loading={isPending} onClick={ask}>
        {t.remove}
      </Button>
    </>
  )
}
