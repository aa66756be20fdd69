import { Button, Group, Modal, Stack } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useMessages } from '../messages/messages'
import { TagsField } from './tags-field'

export type TagDialogKind = 'add' | 'remove'

interface TagDialogProps {
  kind: TagDialogKind
  opened: boolean
  count: number
  onClose: () => void
  onApply: (tags: string[]) => void
}

/** Asks for the tags to add to the selected images, or to remove from them. */
export function TagDialog({ kind, opened, count, onClose, onApply }: TagDialogProps) {
  const { t } = useMessages()
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      centered
      title={kind === 'add' ? t.addTagsTo(count) : t.removeTagsFrom(count)}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      <TagForm onClose={onClose} onApply={onApply} />
    </Modal>
  )
}

function TagForm({ onClose, onApply }: Pick<TagDialogProps, 'onClose' | 'onApply'>) {
  const { t } = useMessages()
  const [tags, setTags] = useState<string[]>([])
  const [text, setText] = useState('')

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const typed = text.split(',').map((tag) => tag.trim())
    const chosen = [...new Set([...tags, ...typed])].filter(Boolean)
    if (chosen.length > 0) onApply(chosen)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TagsField
          label={t.tags}
          value={tags}
          onChange={setTags}
          text={text}
          onText={setText}
          // The suggestions fit into the margin between the field and the buttons.
          maxDropdownHeight={160}
          comboboxProps={{ position: 'bottom', middlewares: { flip: false, shift: false } }}
          mb={176}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button type="submit" disabled={tags.length === 0 && text.trim() === ''}>
            {t.apply}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
