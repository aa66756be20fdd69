import { type RefObject, useEffect } from 'react'

/** Focuses an element when the focused element within it has been removed. */
export function useKeptFocus(ref: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = ref.current
    if (!element) return
    let last: Element | null = null
    const remember = ({ target }: FocusEvent) => {
      last = target instanceof Element && element.contains(target) ? target : null
    }
    const observer = new MutationObserver(() => {
      const isLost = last?.isConnected === false && document.activeElement === document.body
      if (isLost) element.focus()
    })
    observer.observe(element, { childList: true, subtree: true })
    document.addEventListener('focusin', remember)
    return () => {
      observer.disconnect()
      document.removeEventListener('focusin', remember)
    }
  }, [ref])
}
