import { Button, Group, Text } from '@mantine/core'
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from 'react'
import type { MediaItem } from '../api/client'
import { useMessages } from '../messages/messages'
import { useToolMessages } from '../messages/tools'
import { type Focus, moveFocus, positionFor, toFocus } from './focus'
import classes from './focus.module.css'
import { sizesOf, smallSourcesOf } from './sources'

/** Ratios of the previews, width by height. */
const RATIOS = [
  [1, 1],
  [16, 9],
  [3, 4],
] as const
/** Height of the previews, in pixels. */
const PREVIEW = 84
/** Maximum height of the image, in pixels. */
const MOST_HEIGHT = 280
/** Maximum width of the panel, in pixels. */
const MOST_WIDTH = 430

const MIDDLE: Focus = { x: 0.5, y: 0.5 }

interface FocusEditorProps {
  item: MediaItem
  /** Null if nobody has chosen a point. */
  value: Focus | null
  onChange: (focus: Focus | null) => void
}

/** The image with the point that crops keep, to be moved by pointer and by keys, and what crops of it show. */
export function FocusEditor({ item, value, onChange }: FocusEditorProps) {
  const { t } = useMessages()
  const { focusName, focusHint, clearFocus, crop, noCrops } = useToolMessages()
  const handle = useRef<HTMLSpanElement>(null)
  const editor = useRef<HTMLDivElement>(null)
  // The crops are to be seen while the point moves.
  useEffect(() => editor.current?.scrollIntoView({ block: 'nearest' }), [])
  const { width, height, urls } = item
  const own = width / height
  const point = value ?? MIDDLE

  const place = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    onChange(
      toFocus((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height),
    )
  }
  const press = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return
    // Otherwise the browser takes the focus away from the point.
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    handle.current?.focus({ preventScroll: true })
    place(event)
  }
  const type = (event: KeyboardEvent) => {
    const { key, shiftKey, altKey, ctrlKey, metaKey } = event
    if (altKey || ctrlKey || metaKey) return
    const next =
      key === 'Delete' || key === 'Backspace'
        ? null
        : key === 'Enter' || key === ' '
          ? point
          : moveFocus(point, key, shiftKey)
    if (next === undefined) return
    event.preventDefault()
    onChange(next)
  }
  const picture = (shownWidth: number) => ({
    sizes: sizesOf(shownWidth),
    srcSet: smallSourcesOf(item),
    src: urls.scaled,
    draggable: false,
  })
  return (
    <div ref={editor} className={classes.editor}>
      <Text size="xs" c="dimmed">
        {focusHint}
      </Text>
      <div
        className={classes.area}
        data-testid="focus-area"
        style={{ aspectRatio: own, width: `min(100%, ${Math.max(24, MOST_HEIGHT * own)}px)` }}
        onPointerDown={press}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) place(event)
        }}
      >
        <img {...picture(Math.min(MOST_WIDTH, MOST_HEIGHT * own))} alt="" />
        <span
          ref={handle}
          className={classes.point}
          data-set={value !== null || undefined}
          role="slider"
          tabIndex={0}
          aria-label={focusName}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(100 * point.x)}
          aria-valuetext={value ? t.focusAt(value.x, value.y) : t.focusMissing}
          style={{ left: `${100 * point.x}%`, top: `${100 * point.y}%` }}
          onKeyDown={type}
        />
      </div>
      {value ? (
        <Group gap="sm" align="flex-end" justify="space-between">
          <Group gap="sm" align="flex-end">
            {RATIOS.map(([across, down]) => (
              <figure key={across} className={classes.crop}>
                <img
                  {...picture(PREVIEW * Math.max(own, across / down))}
                  alt={crop(across, down)}
                  style={{
                    height: PREVIEW,
                    aspectRatio: across / down,
                    objectPosition: positionFor(value, item, across / down),
                  }}
                />
                <figcaption aria-hidden>
                  {across}:{down}
                </figcaption>
              </figure>
            ))}
          </Group>
          <Button
            variant="default"
            size="compact-sm"
            onClick={() => {
              handle.current?.focus({ preventScroll: true })
              onChange(null)
            }}
          >
            {clearFocus}
          </Button>
        </Group>
      ) : (
        <Text size="sm" className={classes.noCrops}>
          {noCrops}
        </Text>
      )}
    </div>
  )
}
