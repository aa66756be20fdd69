import { TextInput } from '@mantine/core'
import { useRef } from 'react'

interface NameInputProps {
  label: string
  name?: string
  onDone: (name: string) => void
  onCancel: () => void
}

/** A name that is written in its place. Enter and leaving it keep it, Escape does not. */
export function NameInput({ label, name = '', onDone, onCancel }: NameInputProps) {
  const isOver = useRef(false)
  const end = (text?: string) => {
    if (isOver.current) return
    isOver.current = true
    const wanted = text?.trim()
    if (wanted && wanted !== name) onDone(wanted)
    else onCancel()
  }
  return (
    <TextInput
      size="xs"
      flex={1}
      aria-label={label}
      placeholder={label}
      defaultValue={name}
      maxLength={255}
      ref={(input) => {
        if (input && input !== document.activeElement) {
          input.focus()
          input.select()
        }
      }}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.nativeEvent.isComposing) return
        if (event.key === 'Enter') end(event.currentTarget.value)
        if (event.key === 'Escape') end()
      }}
      onBlur={(event) => end(event.currentTarget.value)}
    />
  )
}
