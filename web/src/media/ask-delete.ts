import { modals } from '@mantine/modals'
import type { Messages } from '../messages/en'

interface AskDeleteOptions {
  t: Messages
  /** Number of images. */
  count: number
  /** Name of the image, if it is a single one that the user has in view. */
  name?: string
  onConfirm: () => void
}

/** Asks for confirmation before one or more images are deleted. */
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
