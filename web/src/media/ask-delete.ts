import { modals } from '@mantine/modals'
import type { Messages } from '../messages/en'

interface AskDeleteOptions {
  t: Messages
  /** Number of images. */
  count: number
  /** Name of the image, if it is a single one that the user has in view. */
  name?: string
  /** Whether they go to the trash. */
  toTrash?: boolean
  onConfirm: () => void
}

/** Asks for confirmation before one or more images are deleted. */
export function askDelete({ t, count, name, toTrash = false, onConfirm }: AskDeleteOptions): void {
  modals.openConfirmModal({
    title: name === undefined ? t.removeMany(count) : t.removeNamed(name),
    children: toTrash ? t.trashQuestion : t.removeQuestion(count),
    labels: { confirm: toTrash ? t.toTrash : t.remove, cancel: t.cancel },
    confirmProps: { color: 'red' },
    closeButtonProps: { 'aria-label': t.close },
    centered: true,
    onConfirm,
  })
}
