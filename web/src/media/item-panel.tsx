import { ActionIcon, Drawer, Group, Loader, Stack, Text } from '@mantine/core'
import { useHotkeys, useWindowEvent } from '@mantine/hooks'
import { modals } from '@mantine/modals'
import { useEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import { DeleteButton } from './delete-button'
import { Facts, Links } from './item-facts'
import { ItemForm } from './item-form'
import classes from './library.module.css'
import { useItems } from './queries'
import type { View } from './view'

interface ItemPanelProps {
  view: View
  position: number
  total: number
  onMove: (position: number) => void
  onClose: () => void
}

/** One image with all that is known of it, and what may be done with it. */
export function ItemPanel({ view, position, total, onMove, onClose }: ItemPanelProps) {
  const { t } = useMessages()
  const item = useItems(view, position, position).itemAt(position)
  const [isChanged, setIsChanged] = useState(false)
  const drawer = useRef<HTMLDivElement>(null)
  useFocusAfterwards(position)

  /** Leaves only when nothing typed would be lost. */
  const leave = (go: () => void) => {
    if (!isChanged) return go()
    modals.openConfirmModal({
      title: t.unsaved,
      labels: { confirm: t.discard, cancel: t.cancel },
      confirmProps: { color: 'red' },
      onConfirm: go,
    })
  }
  // The drawer's own Escape would also close it from what lies over it: a question, the form to sign
  // in again, a list of tags.
  useWindowEvent(
    'keydown',
    ({ key, isComposing, target }) => {
      if (key !== 'Escape' || isComposing || !(target instanceof Element)) return
      const isElsewhere = target.closest('[role=dialog]') && !drawer.current?.contains(target)
      const isTaken = target.getAttribute('data-mantine-stop-propagation') === 'true'
      if (!isElsewhere && !isTaken) leave(onClose)
    },
    { capture: true },
  )
  const move = (step: number) => {
    const target = position + step
    if (target >= 0 && target < total) leave(() => onMove(target))
  }
  useHotkeys([
    ['ArrowLeft', () => move(-1)],
    ['ArrowRight', () => move(1)],
  ])

  return (
    <Drawer
      opened
      onClose={() => leave(onClose)}
      ref={drawer}
      closeOnEscape={false}
      position="right"
      size="lg"
      title={item?.name ?? t.loading}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {!item ? (
        <Loader aria-label={t.loading} />
      ) : (
        <Stack>
          <div className={classes.stage}>
            <img
              key={item.id}
              src={item.urls.high}
              alt={item.name}
              width={item.width}
              height={item.height}
            />
          </div>
          <Group justify="space-between">
            <ActionIcon
              variant="default"
              aria-label={t.previous}
              disabled={position === 0}
              onClick={() => move(-1)}
            >
              ←
            </ActionIcon>
            <Text size="sm" c="dimmed">
              {position + 1} / {total}
            </Text>
            <ActionIcon
              variant="default"
              aria-label={t.next}
              disabled={position + 1 >= total}
              onClick={() => move(1)}
            >
              →
            </ActionIcon>
          </Group>
          <ItemForm key={item.id} item={item} onChange={setIsChanged} />
          <Facts item={item} />
          <Links item={item} />
          <DeleteButton item={item} onDeleted={onClose} />
        </Stack>
      )}
    </Drawer>
  )
}

/** Leaves the focus on the image that was shown last, or on the grid's own, if it is not there. */
function useFocusAfterwards(position: number) {
  const last = useRef(position)
  last.current = position
  useEffect(
    () => () => {
      const cell =
        document.querySelector<HTMLElement>(`[data-position="${last.current}"]`) ??
        document.querySelector<HTMLElement>('[role=grid] [tabindex="0"]')
      cell?.focus()
    },
    [],
  )
}
