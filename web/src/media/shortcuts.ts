import { useEffect, useRef } from 'react'

/** Calls back when a key is pressed that means something everywhere, unless one types. */
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

/** Calls back when Ctrl or cmd with Z is pressed, unless one types: there it is for the text. */
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

/** Whether keys are text where this is. */
export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest(
    'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]',
  ) !== null

/** Whether something lies over the library that has all the keys to itself. */
export const isCovered = (): boolean =>
  document.querySelector('[aria-modal="true"], [role="menu"]') !== null

/** The field that the key `/` leads to. */
export function useSearchKey() {
  const input = useRef<HTMLInputElement>(null)
  useGlobalKey('/', () => {
    if (!isCovered()) input.current?.select()
  })
  return input
}
