import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react'

interface GridFocusOptions {
  total: number
  columns: number
  /** Rows that fit the screen. */
  pageRows: number
  /** Positions of the first image on the screen, and of the first and last that exist in the DOM. */
  seen: number
  first: number
  last: number
  showRow: (row: number) => void
  /** Called where a step is made with Shift. */
  onExtend: (position: number) => void
}

/** Keys lead from image to image, as in a folder; Tab leads to one of them and then on. */
export function useGridFocus(options: GridFocusOptions) {
  const [focused, setFocused] = useState(0)
  const latest = useRef(options)
  latest.current = options
  /** Where the focus goes as soon as it is there. */
  const wanted = useRef<number | null>(null)
  useEffect(() => {
    if (wanted.current !== null && focusCell(wanted.current)) wanted.current = null
  })

  const onKey = useCallback((event: KeyboardEvent, position: number) => {
    const { total, columns, pageRows, showRow, onExtend } = latest.current
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
    if (!focusCell(target)) wanted.current = target
    showRow(Math.floor(target / columns))
    if (event.shiftKey) onExtend(target)
  }, [])

  const { seen, first, last } = options
  return {
    onKey,
    onFocus: setFocused,
    tabStop: focused >= first && focused <= last ? focused : seen,
  }
}

function focusCell(position: number): boolean {
  const cell = document.querySelector<HTMLElement>(`[data-position="${position}"]`)
  cell?.focus({ preventScroll: true })
  return cell !== null
}

/** Gives the focus to the image that Tab leads to, where what had it is gone. */
export function focusGrid() {
  document.querySelector<HTMLElement>('[role=grid] [tabindex="0"]')?.focus({ preventScroll: true })
}
