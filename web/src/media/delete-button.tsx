import { Button } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import type { RefObject } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { askDelete } from './ask-delete'
import { isForDialog } from './item-keys'
import { useBulkPermissions } from './selection-bar'

interface DeleteButtonProps {
  item: MediaItem
  dialog: RefObject<HTMLElement | null>
  /** Does what would lose something that is not saved. */
  leave: (act: () => void) => void
  onDelete: () => void
}

/** Deletes the image that is open, after a question; not offered where it cannot be done. */
export function DeleteButton({ item, dialog, leave, onDelete }: DeleteButtonProps) {
  const { t } = useMessages()
  const { mayDelete } = useBulkPermissions()
  const ask = () => leave(() => askDelete({ t, count: 1, name: item.name, onConfirm: onDelete }))
  useWindowEvent('keydown', (event) => {
    if (event.key !== 'Delete' || event.repeat || !mayDelete) return
    if (!isForDialog(event, dialog.current)) return
    event.preventDefault()
    ask()
  })
  if (!mayDelete) return null
  return (
    <Button color="red" variant="light" w="fit-content" onClick={ask}>
      {t.remove}
    </Button>
  )
}
