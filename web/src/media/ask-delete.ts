import { modals } from '@mantine/modals'
import type { Messages } from '../messages/en'

interface AskDeleteOptions {
  t: Messages
  /** How many images, and the name of the one if it is one that everybody sees. */
  count: number
  name?: string
  onConfirm: () => void
}

/** Asks whether images are meant to be deleted, one or many. */
export function askDelete({ t, count, name, onConfirm }: AskDeleteOptions): void {
  modals.openConfirmModal({
    title: name === undefined ? t.removeMany(count) : t.removeNamed(name),
    children: t.removeQuestion(count),
    labels: { confirm: t.remove, cancel: t.cancel },
    confirmProps: { color: 'red' },
    closeButtonProps: { 'aria-label': t.close },
    centered: true,
    onConfirm,
  })
}
