import { Button, Group, Modal, Stack } from '@mantine/core'
import { useState } from 'react'
import { useMessages } from '../messages/messages'
import { CollectionsField } from './collections-field'

interface CollectionsDialogProps {
  opened: boolean
  /** How many images are selected. */
  count: number
  onClose: () => void
  /** @param add ids of collections */
  onApply: (add: number[], remove: number[]) => void
}

/** Asks for the collections that the selected images are put into, and taken out of. */
export function CollectionsDialog({ opened, count, onClose, onApply }: CollectionsDialogProps) {
  const { t } = useMessages()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      centered
      title={t.collectionsOf(count)}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <CollectionsForm onClose={onClose} onApply={onApply} />
    </Modal>
  )
}

function CollectionsForm({
  onClose,
  onApply,
}: Pick<CollectionsDialogProps, 'onClose' | 'onApply'>) {
  const { t } = useMessages()
  const [add, setAdd] = useState<number[]>([])
  const [remove, setRemove] = useState<number[]>([])
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (add.length + remove.length > 0) onApply(add, remove)
      }}
    >
      <Stack>
        <CollectionsField label={t.putInto} value={add} onChange={setAdd} mayEdit />
        <CollectionsField label={t.takeOutOf} value={remove} onChange={setRemove} mayEdit />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button type="submit" disabled={add.length + remove.length === 0}>
            {t.apply}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
