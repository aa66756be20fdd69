import { useEffect, useRef } from 'react'
import { isCovered, isTyping } from './shortcuts'
import type { SelectionTools } from './use-selection'

/**
 * Ctrl or Cmd with A selects everything, Escape clears the selection. Ignored while the user types or a
 * dialog is open.
 */
export function useSelectionKeys(selecting: SelectionTools, isEnabled: boolean) {
  const latest = useRef(selecting)
  latest.current = selecting
  useEffect(() => {
    if (!isEnabled) return
    const press = (event: KeyboardEvent) => {
      const { selectAll, clear, count } = latest.current
      const isAll = event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)
      const isEnd = event.key === 'Escape' && count > 0
      if ((!isAll && !isEnd) || isCovered() || isTyping(event.target)) return
      event.preventDefault()
      if (isAll) void selectAll()
      else clear()
    }
    // Captured, so that it runs before a dialog handles the key and closes.
    addEventListener('keydown', press, true)
    return () => removeEventListener('keydown', press, true)
  }, [isEnabled])
}
