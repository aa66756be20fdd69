import { type KeyboardEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react'

interface GridFocusOptions {
  scroller: RefObject<HTMLElement | null>
  total: number
  columns: number
  /** Number of rows that fit the screen. */
  pageRows: number
  /** Positions of the first visible image, and of the first and last rendered image. */
  seen: number
  first: number
  last: number
  showRow: (row: number) => void
  /** Called after a step with Shift. */
  onExtend: (position: number) => void
}

/** Moves the focus between images by keys, as in a file manager. Tab reaches one image of the grid. */
export function useGridFocus(options: GridFocusOptions) {
  const [focused, setFocused] = useState(0)
  const latest = useRef(options)
  latest.current = options
  /** Position that gets the focus as soon as its cell is rendered. */
  const wanted = useRef<number | null>(null)
  const isInside = useIsInside(options.scroller)
  useEffect(() => {
    // The focused cell may have disappeared, for example because there are fewer images now.
    if (isInside.current && document.activeElement === document.body) {
      wanted.current ??= Math.min(focused, latest.current.total - 1)
    }
    if (wanted.current !== null && focusCell(wanted.current)) wanted.current = null
  })

  const onKey = useCallback((event: KeyboardEvent, at: number) => {
    const { total, columns, pageRows, showRow, onExtend } = latest.current
    // While a key is held down, the previous step may not be rendered yet.
    const position = wanted.current ?? at
    const isWhole = event.ctrlKey || event.metaKey
    const row = Math.floor(position / columns)
    const targets: Record<string, number> = {
      ArrowLeft: position - 1,
      ArrowRight: position + 1,
      ArrowUp: position - columns,
      ArrowDown: position + columns,
      PageUp: Math.max(position % columns, position - pageRows * columns),
      PageDown: Math.min(total - 1, position + pageRows * columns),
      Home: isWhole ? 0 : row * columns,
      End: isWhole ? total - 1 : Math.min(total, (row + 1) * columns) - 1,
    }
    const target = targets[event.key]
    if (target === undefined || event.altKey) return
    event.preventDefault()
    if (target < 0 || target >= total) return
    wanted.current = focusCell(target) ? null : target
    showRow(Math.floor(target / columns))
    if (event.shiftKey) onExtend(target)
  }, [])
  const onFocus = useCallback((position: number) => {
    wanted.current = null
    setFocused(position)
  }, [])

  const { seen, first, last } = options
  return {
    onKey,
    onFocus,
    tabStop: focused >= first && focused <= last ? focused : seen,
    /** Position of the focused image, which must stay rendered however far it is scrolled away. */
    kept: isInside.current ? Math.min(focused, options.total - 1) : undefined,
  }
}

/** Whether the focus is within an element, or was there until the focused element disappeared. */
function useIsInside(element: RefObject<HTMLElement | null>) {
  const isInside = useRef(false)
  useEffect(() => {
    const contains = ({ target }: Event) =>
      target instanceof Node && element.current?.contains(target) === true
    const follow = (event: Event) => {
      isInside.current = contains(event)
    }
    // A click on an unfocusable place removes the focus without a `focusin` event.
    const leave = (event: Event) => {
      if (!contains(event)) isInside.current = false
    }
    document.addEventListener('focusin', follow)
    document.addEventListener('pointerdown', leave)
    return () => {
      document.removeEventListener('focusin', follow)
      document.removeEventListener('pointerdown', leave)
    }
  }, [element])
  return isInside
}

function focusCell(position: number): boolean {
  const cell = document.querySelector<HTMLElement>(`[data-position="${position}"]`)
  cell?.focus({ preventScroll: true })
  return cell !== null
}

/** Moves the focus to the open dialog, or to the grid if there is none. */
export function focusBack() {
  const dialog = document.querySelector<HTMLElement>('[aria-modal="true"]')
  if (dialog) dialog.focus({ preventScroll: true })
  else focusGrid()
}

/** Moves the focus to the image that Tab reaches. @returns false if there is no image yet */
export function focusGrid(): boolean {
  const cell = document.querySelector<HTMLElement>('[role=grid] [data-id][tabindex="0"]')
  cell?.focus({ preventScroll: true })
  return cell !== null
}
