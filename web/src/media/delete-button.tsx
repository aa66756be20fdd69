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
  /** Whether the image is in the trash. */
  inTrash: boolean
  dialog: RefObject<HTMLElement | null>
  /** Runs an action that would lose unsaved changes, after a question if there are any. */
  leave: (act: () => void) => void
  onDelete: () => void
}

/** Moves the open image to the trash, or deletes it after a question. Renders nothing if the user may not delete. */
export function DeleteButton({ item, inTrash, dialog, leave, onDelete }: DeleteButtonProps) {
  const { t } = useMessages()
  const { mayDelete, toTrash } = useBulkPermissions(inTrash)
  const ask = () =>
    leave(() => {
      if (toTrash) onDelete()
      else askDelete({ t, count: 1, name: item.name, onConfirm: onDelete })
    })
  useWindowEvent('keydown', (event) => {
    if (event.key !== 'Delete' || event.repeat || !mayDelete) return
    if (!isForDialog(event, dialog.current)) return
    event.preventDefault()
    ask()
  })
  if (!mayDelete) return null
  return (
    <Button color="red" variant="light" w="fit-content" onClick={ask}>
      {inTrash ? t.removeForGood : t.remove}
    </Button>
  )
}
