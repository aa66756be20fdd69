import { Modal, Stack, VisuallyHidden } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { DeleteButton } from './delete-button'
import { focusGrid } from './grid-focus'
import classes from './item.module.css'
import { Facts } from './item-facts'
import { ItemForm } from './item-form'
import { isElsewhere } from './item-keys'
import { Links } from './item-links'
import { ItemMessage } from './item-message'
import { ItemStage } from './item-stage'
import { useItem, useNeighbours, usePlace } from './use-item'
import type { View } from './view'

interface ItemPanelProps {
  view: View
  id: number
  isGoing: (id: number) => boolean
  /** Whether something typed is not saved. */
  isChanged: boolean
  onChange: (isChanged: boolean) => void
  /** Does what would lose something that is not saved. */
  leave: (act: () => void) => void
  /** Told where in the view the image is. */
  onPlace: (position: number) => void
  onShow: (id: number) => void
  onClose: () => void
  /** @param after what is shown then */
  onDelete: (item: MediaItem, after: MediaItem | undefined) => void
}

/** One image with all that is known of it, and what may be done with it. */
export function ItemPanel(props: ItemPanelProps) {
  const { view, id, isGoing, isChanged, onChange, leave, onPlace, onShow, onClose, onDelete } =
    props
  const { t, language } = useMessages()
  const { item, isGone, error, retry } = useItem(view, id)
  const place = usePlace(view, id)
  const { previous, next } = useNeighbours(view, id, place, isGoing)
  const [isWide, setIsWide] = useState(false)
  const [step, setStep] = useState<1 | -1>(1)
  const dialog = useRef<HTMLDivElement>(null)
  useFocusAfterwards(id)
  useTitle(item?.name)

  const position = place?.position
  useEffect(() => {
    if (position !== undefined) onPlace(position)
  }, [position, onPlace])

  // The dialog's own Escape would also close it from what lies over it: a question, the form to sign
  // in again, a list of tags.
  useWindowEvent(
    'keydown',
    ({ key, isComposing, target }) => {
      if (key !== 'Escape' || isComposing || !(target instanceof Element)) return
      if (isElsewhere(target, dialog.current)) return
      if (target.getAttribute('data-mantine-stop-propagation') === 'true') return
      if (isWide) setIsWide(false)
      else onClose()
    },
    { capture: true },
  )
  const move = (by: 1 | -1) => {
    setStep(by)
    const target = by === 1 ? next : previous
    if (target) onShow(target.id)
  }

  const number = (value: number) => value.toLocaleString(language)
  const words =
    place &&
    (place.isThere
      ? t.placeOf(number(place.position + 1), number(place.total))
      : view.search !== '' && !isGone && t.notAMatch)
  // The name of the dialog and what is typed stay.
  const hidden = isWide ? { display: 'none' } : {}
  const ways = { previous, next, onMove: move, onClose }
  return (
    <Modal.Root
      opened
      onClose={onClose}
      closeOnEscape={false}
      fullScreen
      // A name of the content itself would be given to what is around it as well.
      classNames={{ content: classes.dialog }}
    >
      <Modal.Content ref={dialog}>
        <Modal.Header className={classes.header} {...hidden}>
          <Modal.Title className={classes.title}>{item?.name ?? t.image}</Modal.Title>
          <Modal.CloseButton aria-label={t.close} size="lg" />
        </Modal.Header>
        <VisuallyHidden role="status">{item && words && `${item.name}, ${words}`}</VisuallyHidden>
        <Modal.Body className={classes.body} data-wide={isWide || undefined}>
          {!item || (isGone && !isChanged) ? (
            <ItemMessage {...ways} isGone={isGone} error={error} onRetry={retry} />
          ) : (
            <>
              <ItemStage
                {...ways}
                item={item}
                ahead={step === 1 ? next : previous}
                place={words || ''}
                dialog={dialog}
                isWide={isWide}
                onWiden={() => setIsWide(!isWide)}
              />
              <Stack className={classes.side} {...hidden}>
                <ItemForm
                  key={item.id}
                  item={item}
                  dialog={dialog}
                  isGone={isGone}
                  onChange={onChange}
                />
                <Facts item={item} />
                <Links item={item} />
                <DeleteButton
                  item={item}
                  dialog={dialog}
                  leave={leave}
                  onDelete={() => onDelete(item, next ?? previous)}
                />
              </Stack>
            </>
          )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** Names the page after the image, for tabs and bookmarks. */
function useTitle(name: string | undefined) {
  useEffect(() => {
    if (name === undefined) return
    const before = document.title
    document.title = `${name} – Vitrine`
    return () => {
      document.title = before
    }
  }, [name])
}

/** Leaves the focus on the image that was shown last, or on the grid's own, if it is not there. */
function useFocusAfterwards(id: number) {
  const last = useRef(id)
  last.current = id
  useEffect(
    () => () => {
      const cell = document.querySelector<HTMLElement>(`[role=grid] [data-id="${last.current}"]`)
      if (cell) cell.focus({ preventScroll: true })
      else focusGrid()
    },
    [],
  )
}
