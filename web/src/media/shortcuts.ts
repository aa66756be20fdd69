import { useEffect, useRef } from 'react'

/** Calls `onPress` when a key is pressed anywhere on the page, unless the user types. */
export function useGlobalKey(key: string, onPress: () => void): void {
  const latest = useRef(onPress)
  useEffect(() => {
    latest.current = onPress
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { ctrlKey, metaKey, altKey, repeat, isComposing, target } = event
      if (event.key !== key || ctrlKey || metaKey || altKey || repeat || isComposing) return
      if (isTyping(target)) return
      event.preventDefault()
      latest.current()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [key])
}

/** Calls `onPress` on Ctrl or Cmd with Z, unless the user types: there it undoes the typing. */
export function useUndoKey(onPress: () => void): void {
  const latest = useRef(onPress)
  useEffect(() => {
    latest.current = onPress
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, shiftKey, altKey, target } = event
      if (key.toLowerCase() !== 'z' || !(ctrlKey || metaKey) || shiftKey || altKey) return
      if (isTyping(target)) return
      event.preventDefault()
      latest.current()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

/** Whether keys are text input for an element. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest(
    'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]',
  ) !== null

/** Whether a dialog or a menu is open, which then handles all keys. */
export const isCovered = (): boolean =>
  document.querySelector('[aria-modal="true"], [role="menu"]') !== null

/** @returns a ref for the search field, which the key `/` focuses */
export function useSearchKey() {
  const input = useRef<HTMLInputElement>(null)
  useGlobalKey('/', () => {
    if (!isCovered()) input.current?.select()
  })
  return input
}
