import { Alert, Button } from '@mantine/core'
import { modals } from '@mantine/modals'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { ApiError, api, call, type MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission } from '../session/session'
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
  return (
    <>
      {error && (
        <Alert color="red" role="alert">
          {error instanceof ApiError && error.status === 404 ? t.gone : t.serverFault}
        </Alert>
      )}
      <Button color="red" variant="light" loading={isPending} onClick={ask}>
        {t.remove}
      </Button>
    </>
  )
}
