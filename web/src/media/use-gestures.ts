import { type MouseEvent, type PointerEvent, useRef, useState } from 'react'
import type { ZoomTools } from './use-zoom'
import type { Point } from './zoom'

/** A pointer that moves less than this many pixels makes a tap. */
const TAP_MOVES = 8
/** Limits within which two taps make a double tap. For clicks, the system decides. */
const DOUBLE_TAP = { ms: 350, pixels: 30 }
/** Distance of a swipe that shows the next image, in pixels. */
const SWIPE = 60

interface Gesture {
  start: Point
  last: Point
  hasMoved: boolean
  hadTwo: boolean
}

/**
 * Gestures by finger and mouse on an image. Two fingers zoom. One finger moves a zoomed image, or swipes
 * to the next one. A double tap or double click zooms in and out.
 *
 * @param onSwipe called with 1 for the next image and -1 for the one before
 * @returns handlers for the stage, and the distance of the current swipe, in pixels
 */
export function useGestures(zooming: ZoomTools, onSwipe: (step: 1 | -1) => void) {
  const { zoomBy, panBy, toggle, toPoint, isZoomed } = zooming
  const pointers = useRef(new Map<number, Point>())
  const gesture = useRef<Gesture | null>(null)
  const isTouch = useRef(false)
  const lastTap = useRef({ time: Number.NEGATIVE_INFINITY, x: 0, y: 0 })
  const [swiped, setSwiped] = useState(0)

  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0 || (event.target as Element).closest('button')) return
    isTouch.current = event.pointerType === 'touch'
    // Receives the events of this pointer also outside of the stage.
    event.currentTarget.setPointerCapture(event.pointerId)
    const point = toPoint(event)
    pointers.current.set(event.pointerId, point)
    if (pointers.current.size === 1) {
      gesture.current = { start: point, last: point, hasMoved: false, hadTwo: false }
    } else if (gesture.current) {
      gesture.current.hadTwo = true
      setSwiped(0)
    }
  }

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const before = pointers.current.get(event.pointerId)
    const current = gesture.current
    if (!before || !current) return
    const point = toPoint(event)
    const [other] = [...pointers.current].filter(([id]) => id !== event.pointerId)
    pointers.current.set(event.pointerId, point)
    if (other) {
      const [, still] = other
      const middle = middleOf(point, still)
      const middleBefore = middleOf(before, still)
      zoomBy(distance(point, still) / Math.max(1, distance(before, still)), middle, false)
      panBy(middle.x - middleBefore.x, middle.y - middleBefore.y)
      return
    }
    if (distance(point, current.start) > TAP_MOVES) current.hasMoved = true
    if (isZoomed) panBy(point.x - current.last.x, point.y - current.last.y)
    else if (event.pointerType === 'touch' && current.hasMoved && !current.hadTwo) {
      setSwiped(point.x - current.start.x)
    }
    current.last = point
  }

  const end = (event: PointerEvent<HTMLElement>) => {
    const point = pointers.current.get(event.pointerId)
    const current = gesture.current
    pointers.current.delete(event.pointerId)
    const [rest] = pointers.current.values()
    if (!point || !current) return
    // One of two fingers stays: panning continues from its position.
    if (rest) {
      current.last = rest
      return
    }
    gesture.current = null
    setSwiped(0)
    if (current.hadTwo || event.type === 'pointercancel') return
    if (!current.hasMoved) {
      if (event.pointerType === 'touch') tap(event, point)
      return
    }
    const x = point.x - current.start.x
    const isAcross = Math.abs(x) > Math.abs(point.y - current.start.y)
    if (!isZoomed && event.pointerType === 'touch' && isAcross && Math.abs(x) > SWIPE) {
      onSwipe(x < 0 ? 1 : -1)
    }
  }

  const onDoubleClick = (event: MouseEvent) => {
    // Some browsers also fire `dblclick` for two taps, which `tap` handles.
    if (!isTouch.current) toggle(toPoint(event))
  }

  const tap = ({ timeStamp: time }: PointerEvent, point: Point) => {
    const { time: before, ...place } = lastTap.current
    const isSecond = time - before < DOUBLE_TAP.ms && distance(place, point) < DOUBLE_TAP.pixels
    lastTap.current = { time: isSecond ? Number.NEGATIVE_INFINITY : time, ...point }
    if (isSecond) toggle(point)
  }

  return {
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp: end,
      onPointerCancel: end,
      onDoubleClick,
    },
    swiped,
  }
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y)
const middleOf = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 })
