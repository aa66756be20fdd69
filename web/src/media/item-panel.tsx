import { Modal, Stack, VisuallyHidden } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { Suspense, useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { loadLater } from '../load-later'
import { useMessages } from '../messages/messages'
import { DeleteButton } from './delete-button'
import { isByArrival } from './find-place'
import { focusGrid } from './grid-focus'
import classes from './item.module.css'
import { Facts } from './item-facts'
import { ItemForm } from './item-form'
import { isElsewhere } from './item-keys'
import { ItemMessage } from './item-message'
import { ItemStage } from './item-stage'
import { TrashNote } from './trash-note'
import { useItem, useNeighbours, usePlace } from './use-item'
import type { View } from './view'

const { Component: ItemLinks, load: loadLinks } = loadLater(async () => ({
  default: (await import('./item-links')).ItemLinks,
}))

const { Component: Alike } = loadLater(async () => ({
  default: (await import('../duplicates/alike')).Alike,
}))

interface ItemPanelProps {
  view: View
  id: number
  isGoing: (id: number) => boolean
  /** Whether there are unsaved changes. */
  isChanged: boolean
  onChange: (isChanged: boolean) => void
  /** Runs an action that would lose unsaved changes, after a question if there are any. */
  leave: (act: () => void) => void
  /** Called with the position of the image in the view. */
  onPlace: (position: number) => void
  onShow: (id: number) => void
  onClose: () => void
  /** @param after the item to show next */
  onDelete: (item: MediaItem, after: MediaItem | undefined, isInTrash: boolean) => void
  /** Takes the item out of the trash. */
  onRestore: (item: MediaItem, after: MediaItem | undefined) => void
}

/** A dialog with one image, its details and its actions. */
export function ItemPanel(props: ItemPanelProps) {
  const { view, id, isGoing, isChanged, onChange, leave, onPlace, onShow, onClose } = props
  const { t, language } = useMessages()
  const { item, isInTrash, isGone, error, retry } = useItem(view, id)
  const place = usePlace(view, id)
  const { previous, next } = useNeighbours(view, id, place, isGoing)
  const [isWide, setIsWide] = useState(false)
  const [step, setStep] = useState<1 | -1>(1)
  const dialog = useRef<HTMLDivElement>(null)
  const leaveZoom = useRef<(() => void) | null>(null)
  useFocusAfterwards(id)
  useTitle(item?.name)
  useEffect(() => void loadLinks(), [])

  const position = place?.position
  useEffect(() => {
    if (position !== undefined) onPlace(position)
  }, [position, onPlace])

  // The Escape handler of the dialog would also react to Escape in what lies above it: a question, the
  // sign-in form, a list of tags.
  useWindowEvent(
    'keydown',
    ({ key, isComposing, target }) => {
      if (key !== 'Escape' || isComposing || !(target instanceof Element)) return
      if (isElsewhere(target, dialog.current)) return
      if (target.getAttribute('data-mantine-stop-propagation') === 'true') return
      if (leaveZoom.current) leaveZoom.current()
      else if (isWide) setIsWide(false)
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
      : isByArrival(view) && !isGone && (view.filters ? t.notInView : view.search && t.notAMatch))
  // Hidden instead of removed: the dialog keeps its name, and the form its input.
  const hidden = isWide ? { display: 'none' } : {}
  const ways = { previous, next, onMove: move, onClose }
  return (
    <Modal.Root
      opened
      onClose={onClose}
      closeOnEscape={false}
      fullScreen
      // A `className` on the content would also apply to its wrapper.
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
                isInTrash={isInTrash}
                ahead={step === 1 ? next : previous}
                place={words || ''}
                dialog={dialog}
                leaveZoom={leaveZoom}
                isWide={isWide}
                onWiden={() => setIsWide(!isWide)}
              />
              <Stack className={classes.side} {...hidden}>
                {isInTrash && (
                  <TrashNote
                    item={item}
                    onRestore={() => props.onRestore(item, next ?? previous)}
                  />
                )}
                <ItemForm
                  key={item.id}
                  item={item}
                  isEditable={!isInTrash}
                  dialog={dialog}
                  isGone={isGone}
                  onChange={onChange}
                />
                <Facts item={item} />
                {!isInTrash && (
                  <Suspense>
                    <Alike key={id} id={id} onShow={onShow} />
                  </Suspense>
                )}
                <Suspense>
                  <ItemLinks item={item} isPublic={!isInTrash} leave={leave} />
                </Suspense>
                <DeleteButton
                  item={item}
                  inTrash={isInTrash}
                  dialog={dialog}
                  leave={leave}
                  onDelete={() => props.onDelete(item, next ?? previous, isInTrash)}
                />
              </Stack>
            </>
          )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** Sets the document title to the name of the image, for tabs and bookmarks. */
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

/** On close, focuses the last shown image in the grid, or the tab stop of the grid if it is not there. */
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
