import { Button, Group, Input, Text } from '@mantine/core'
import { Suspense, useState } from 'react'
import type { MediaItem } from '../api/client'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import type { Focus } from './focus'

const { Component: FocusEditor } = loadLater(async () => ({
  default: (await import('./focus-editor')).FocusEditor,
}))

interface FocusFieldProps {
  item: MediaItem
  value: Focus | null
  onChange: (focus: Focus | null) => void
}

/** The point that crops keep, in words, with a button that shows it on the image to be moved. */
export function FocusField({ item, value, onChange }: FocusFieldProps) {
  const { t } = useMessages()
  const [isOpen, setIsOpen] = useState(false)
  const action = isOpen ? t.hide : value ? t.change : t.set
  return (
    <Input.Wrapper label={t.focus} labelElement="div">
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" {...(!value && { c: 'dimmed' })}>
          {value ? t.focusAt(value.x, value.y) : t.focusMissing}
        </Text>
        <Button
          variant="default"
          size="compact-sm"
          flex="none"
          aria-label={`${action}: ${t.focus}`}
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          {action}
        </Button>
      </Group>
      {isOpen && (
        <Suspense>
          <FocusEditor item={item} value={value} onChange={onChange} />
        </Suspense>
      )}
    </Input.Wrapper>
  )
}
