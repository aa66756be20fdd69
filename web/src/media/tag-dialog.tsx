import { Button, Group, Modal, Stack, TagsInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useTags } from './queries'

export type TagDialogKind = 'add' | 'remove'

interface TagDialogProps {
  kind: TagDialogKind
  opened: boolean
  count: number
  onClose: () => void
  onApply: (tags: string[]) => void
}

/** Asks for the tags that the selected images get or lose. */
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
  const [search] = useDebouncedValue(text, 150)
  const known = useTags(search.trim())

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const typed = text.split(',').map((tag) => tag.trim())
    const chosen = [...new Set([...tags, ...typed])].filter(Boolean)
    if (chosen.length > 0) onApply(chosen)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TagsInput
          label={t.tags}
          value={tags}
          onChange={setTags}
          searchValue={text}
          onSearchChange={setText}
          data={known}
          // The server has searched already, and knows more of letters than a comparison here.
          filter={({ options }) => options}
          splitChars={[',']}
          // Below it would cover the buttons.
          comboboxProps={{ position: 'top' }}
          maxTags={64}
          clearable={false}
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
