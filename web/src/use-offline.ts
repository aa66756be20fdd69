import { useEffect, useState } from 'react'
import { at } from './api/base'

/**
 * Whether the browser is offline and the server does not answer. A server on the same machine answers
 * without a network.
 */
export function useOffline(): boolean {
  const [isOffline, setIsOffline] = useState(false)
  useEffect(() => {
    const listeners = new AbortController()
    const { signal } = listeners
    const check = async () => {
      const isGone =
        !navigator.onLine && (await fetch(at('/health/live'), { signal }).then(isNever, isAlways))
      if (!signal.aborted) setIsOffline(isGone)
    }
    addEventListener('online', check, { signal })
    addEventListener('offline', check, { signal })
    void check()
    return () => listeners.abort()
  }, [])
  return isOffline
}

const isNever = () => false
const isAlways = () => true
