import { Alert, Button } from '@mantine/core'
import { useMessages } from '../messages/messages'
import type { RankedItem } from './item-query'
import { useBulkPermissions } from './selection-bar'

interface TrashNoteProps {
  item: RankedItem['media']
  onRestore: () => void
}

/** Says that the image is in the trash, since when and by whom, with a button that restores it. */
export function TrashNote({ item, onRestore }: TrashNoteProps) {
  const { t, locale } = useMessages()
  const { mayRestore } = useBulkPermissions(true)
  const { trashedAt, trashedBy } = item
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <Alert color="gray" title={t.inTrash}>
      {trashedAt !== undefined && t.trashedSince(format.format(new Date(trashedAt)), trashedBy)}
      {mayRestore && (
        <Button mt="xs" size="xs" variant="default" display="block" onClick={onRestore}>
          {t.restore}
        </Button>
      )}
    </Alert>
  )
}
