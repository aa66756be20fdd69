import { useEffect, useRef } from 'react'

/** Makes the browser ask before the page is left while `isUnfinished` returns true. */
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

/** Whether leaving the page now would lose something: asks the listeners of `useAskBeforeUnload`. */
export const wouldLose = (): boolean =>
  !dispatchEvent(new Event('beforeunload', { cancelable: true }))

/** Reloads the page without asking, even if something is lost. */
export function reloadAnyway(): void {
  addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), { capture: true })
  location.reload()
}
