import { type MouseEvent, type PointerEvent, type RefObject, useRef, useState } from 'react'

/** A pointer that moves less than this many pixels makes a click. */
const LEAST_DRAG = 5
/** The list scrolls while the pointer is this close to an edge, in pixels. */
const EDGE = 32

/** The cells that a rubber band touches. */
export interface Band {
  firstRow: number
  lastRow: number
  firstColumn: number
  lastColumn: number
}

interface BandOptions {
  scroller: RefObject<HTMLDivElement | null>
  /** The visible rectangle. It is moved directly, without rendering. */
  rectangle: RefObject<HTMLDivElement | null>
  isEnabled: boolean
  rows: number
  columns: number
  /** Distance from one row, or column, to the next, in pixels. Each starts with the gap. */
  rowPitch: number
  columnPitch: number
  gap: number
  /** The scroll offset in pixels of the list, and how many of them one pixel of the scrollbar moves. */
  readScroll: () => { offset: number; ratio: number }
  /** @param isAdded whether the band is added to the selection instead of replacing it */
  onSelect: (band: Band, isAdded: boolean) => void
}

/** Selects by a rectangle drawn with the mouse. A finger scrolls instead. */
export function useRubberBand(options: BandOptions) {
  const [band, setBand] = useState<Band | null>(null)
  const latest = useRef(options)
  latest.current = options
  const wasDragged = useRef(false)

  const begin = (down: PointerEvent<HTMLDivElement>) => {
    wasDragged.current = false
    const { scroller, rectangle, isEnabled, readScroll } = options
    const element = scroller.current
    if (!isEnabled || !element || down.button !== 0 || down.pointerType !== 'mouse') return
    const bounds = element.getBoundingClientRect()
    const isScrollbar = down.clientX - bounds.left >= element.clientWidth
    if (isScrollbar || (down.target as Element).closest('label')) return

    const from = {
      x: down.clientX - bounds.left,
      y: down.clientY - bounds.top + readScroll().offset,
    }
    let pointer = { x: from.x, y: down.clientY - bounds.top }
    let current: Band | null = null
    let frame = 0

    /** Once per frame: scrolls near an edge, draws the rectangle and finds the cells that it touches. */
    const draw = () => {
      const { ratio } = latest.current.readScroll()
      const beyond = Math.min(0, pointer.y - EDGE) || Math.max(0, pointer.y - bounds.height + EDGE)
      if (beyond !== 0) {
        const step = Math.sign(beyond) * Math.min(Math.abs(beyond), 100) * 0.4
        element.scrollTop += Math.sign(step) * Math.max(1, Math.abs(step) / ratio)
      }
      const { offset } = latest.current.readScroll()
      const to = { x: pointer.x, y: pointer.y + offset }
      const [left, right] = [Math.min(from.x, to.x), Math.max(from.x, to.x)]
      const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y, to.y)]
      // Only the visible part of the rectangle is drawn.
      const seenTop = Math.max(top - offset, -2)
      const seenBottom = Math.min(bottom - offset, bounds.height + 2)
      if (rectangle.current) {
        rectangle.current.style.cssText = `display:block;left:${left}px;width:${right - left}px;top:${
          element.scrollTop + seenTop
        }px;height:${seenBottom - seenTop}px`
      }
      const touched = findTouched(latest.current, { left, right, top, bottom })
      if (!isSame(touched, current)) {
        current = touched
        setBand(touched)
      }
      frame = requestAnimationFrame(draw)
    }

    const move = (event: globalThis.PointerEvent) => {
      pointer = { x: event.clientX - bounds.left, y: event.clientY - bounds.top }
      if (frame !== 0) return
      const distance = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY)
      if (distance < LEAST_DRAG) return
      wasDragged.current = true
      element.setPointerCapture(event.pointerId)
      draw()
    }
    const end = (event: globalThis.PointerEvent) => {
      removeEventListener('pointermove', move)
      removeEventListener('pointerup', end)
      removeEventListener('pointercancel', end)
      if (frame === 0) return
      // After the click event, if there is one.
      setTimeout(() => {
        wasDragged.current = false
      })
      cancelAnimationFrame(frame)
      if (rectangle.current) rectangle.current.style.display = 'none'
      setBand(null)
      if (event.type === 'pointercancel' || !current) return
      latest.current.onSelect(current, event.ctrlKey || event.metaKey || event.shiftKey)
    }
    addEventListener('pointermove', move)
    addEventListener('pointerup', end)
    addEventListener('pointercancel', end)
  }

  return {
    band,
    handlers: {
      onPointerDown: begin,
      /** Ignores the click that ends a drag. */
      onClickCapture: (event: MouseEvent) => {
        if (!wasDragged.current) return
        event.stopPropagation()
        event.preventDefault()
      },
    },
  }
}

export const isInBand = (band: Band | null, row: number, column: number): boolean =>
  band !== null &&
  row >= band.firstRow &&
  row <= band.lastRow &&
  column >= band.firstColumn &&
  column <= band.lastColumn

interface Rectangle {
  left: number
  right: number
  top: number
  bottom: number
}

function findTouched(options: BandOptions, { left, right, top, bottom }: Rectangle): Band | null {
  const { rows, columns, rowPitch, columnPitch, gap } = options
  const band = {
    firstRow: Math.max(0, Math.ceil((top - rowPitch) / rowPitch)),
    lastRow: Math.min(rows - 1, Math.floor((bottom - gap) / rowPitch)),
    firstColumn: Math.max(0, Math.ceil((left - columnPitch) / columnPitch)),
    lastColumn: Math.min(columns - 1, Math.floor((right - gap) / columnPitch)),
  }
  return band.firstRow > band.lastRow || band.firstColumn > band.lastColumn ? null : band
}

const isSame = (a: Band | null, b: Band | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.firstRow === b.firstRow &&
    a.lastRow === b.lastRow &&
    a.firstColumn === b.firstColumn &&
    a.lastColumn === b.lastColumn)
