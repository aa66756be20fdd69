import { Text } from '@mantine/core'
import { modals } from '@mantine/modals'
import { useMessages } from '../messages/messages'

interface Question {
  title: string
  text: string
  /** Label of the confirm button. */
  confirm: string
  onConfirm: () => void
}

/** @returns a function that asks for confirmation before an action that cannot be undone */
export function useQuestion() {
  const { t } = useMessages()
  return ({ title, text, confirm, onConfirm }: Question) =>
    modals.openConfirmModal({
      title,
      children: <Text size="sm">{text}</Text>,
      labels: { confirm, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      centered: true,
      onConfirm,
    })
}
