import { useEffect, useRef } from 'react'

/** Has the browser ask before the page is left while something would be lost by it. */
export function useAskBeforeUnload(isUnfinished: () => boolean): void {
  const latest = useRef(isUnfinished)
  latest.current = isUnfinished
  useEffect(() => {
    const ask = (event: Event) => {
      if (latest.current()) event.preventDefault()
    }
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [])
}

/** Whether leaving the page would lose something now. */
export const wouldLose = (): boolean =>
  !dispatchEvent(new Event('beforeunload', { cancelable: true }))

/** Loads the page anew, whatever is lost by it. */
export function reloadAnyway(): void {
  addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), { capture: true })
  location.reload()
}
