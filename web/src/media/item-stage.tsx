import { Button, Group, Text } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { MediaItem } from '../api/client'
import { NarrowIcon, NextIcon, PreviousIcon, WidenIcon, ZoomInIcon, ZoomOutIcon } from '../icons'
import { useMessages } from '../messages/messages'
import { BarButton } from './bar-button'
import classes from './item.module.css'
import { isForDialog } from './item-keys'
import { ItemPicture } from './item-picture'
import { sizesOf, sourcesOf } from './sources'
import { useGestures } from './use-gestures'
import { useZoom } from './use-zoom'
import { fitInto } from './zoom'

/** Factor of one zoom step by key or button. */
const STEP = 1.5
/** Distance of one step by an arrow key, in pixels. */
const PAN = 80

interface ItemStageProps {
  item: MediaItem
  isInTrash: boolean
  previous: MediaItem | undefined
  next: MediaItem | undefined
  /** The neighbour that is likely to be shown next. It is preloaded. */
  ahead: MediaItem | undefined
  /** Position in the view as text, for example “3 of 12”. */
  place: string
  dialog: RefObject<HTMLElement | null>
  /** Receives what shows the whole image again; null while it is shown. */
  leaveZoom: RefObject<(() => void) | null>
  /** Whether the image fills the window. */
  isWide: boolean
  onWiden: () => void
  onMove: (step: 1 | -1) => void
}

/** One image as large as possible, with zooming, panning, and buttons to its neighbours. */
export function ItemStage(props: ItemStageProps) {
  const { item, previous, next, ahead, place, dialog, leaveZoom, isWide, onWiden, onMove } = props
  const { t, language } = useMessages()
  const zooming = useZoom(item.id, item)
  const { ref, stage, zoom, shown, isZoomed, isMost, zoomBy, panBy, reset } = zooming
  useEffect(() => {
    leaveZoom.current = isZoomed ? reset : null
    return () => {
      leaveZoom.current = null
    }
  }, [leaveZoom, isZoomed, reset])
  const { handlers, swiped } = useGestures(zooming, onMove)
  const widener = useRef<HTMLButtonElement>(null)
  const [loaded, setLoaded] = useState<number>()
  const { width, height } = stage
  useEffect(() => {
    // Preload the next image only after the current one is loaded.
    if (loaded !== item.id || !ahead || width === 0) return
    const image = new Image()
    image.sizes = sizesOf(fitInto(ahead, { width, height }).width)
    image.srcset = sourcesOf(ahead)
  }, [loaded, item.id, ahead, width, height])

  const pan = (x: number, y: number) => isZoomed && panBy(x * PAN, y * PAN, true)
  const keys: Record<string, () => unknown> = {
    ArrowLeft: () => (isZoomed ? pan(1, 0) : onMove(-1)),
    ArrowRight: () => (isZoomed ? pan(-1, 0) : onMove(1)),
    ...(isZoomed && { ArrowUp: () => pan(0, 1), ArrowDown: () => pan(0, -1) }),
    '+': () => zoomBy(STEP),
    '=': () => zoomBy(STEP),
    '-': () => zoomBy(1 / STEP),
    '0': reset,
    f: () => {
      // The focused element may become hidden.
      widener.current?.focus()
      onWiden()
    },
  }
  useWindowEvent('keydown', (event) => {
    const { key } = event
    const act = keys[key.length === 1 ? key.toLowerCase() : key]
    if (!act || !isForDialog(event, dialog.current)) return
    event.preventDefault()
    act()
  })

  const times = new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(zoom.scale)
  return (
    <div className={classes.stage}>
      <div
        ref={ref}
        className={classes.canvas}
        data-testid="stage"
        data-zoomed={isZoomed || undefined}
        {...handlers}
      >
        <ItemPicture
          key={item.id}
          item={item}
          isInTrash={props.isInTrash}
          stage={stage}
          shown={shown}
          zoom={swiped === 0 ? zoom : { scale: 1, x: swiped, y: 0 }}
          isSmooth={zoom.isSmooth && swiped === 0}
          onLoaded={() => setLoaded(item.id)}
        />
      </div>
      <Group className={classes.bar} justify="space-between" gap="xs" wrap="nowrap">
        <Group gap={4} wrap="nowrap">
          <BarButton
            label={t.previous}
            icon={<PreviousIcon />}
            isOff={!previous}
            onClick={() => onMove(-1)}
          />
          <BarButton label={t.next} icon={<NextIcon />} isOff={!next} onClick={() => onMove(1)} />
          <Text size="sm" c="dimmed" truncate>
            {place}
          </Text>
        </Group>
        <Group gap={4} wrap="nowrap">
          <BarButton
            label={t.zoomOut}
            icon={<ZoomOutIcon />}
            isOff={!isZoomed}
            onClick={() => zoomBy(1 / STEP)}
          />
          <Button
            variant="subtle"
            color="gray"
            px={4}
            miw={44}
            aria-label={`${t.fitWhole}, ${times}×`}
            onClick={reset}
          >
            {times}×
          </Button>
          <BarButton
            label={t.zoomIn}
            icon={<ZoomInIcon />}
            isOff={isMost}
            onClick={() => zoomBy(STEP)}
          />
          <BarButton
            ref={widener}
            label={isWide ? t.narrow : t.widen}
            icon={isWide ? <NarrowIcon /> : <WidenIcon />}
            onClick={onWiden}
          />
        </Group>
      </Group>
    </div>
  )
}
