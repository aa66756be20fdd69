import { type ComponentType, lazy } from 'react'

const RETRY_MS = 5_000

/**
 * A component that is not needed at the first look. Its code is loaded as soon as somebody calls `load`
 * or shows it, and loading never gives up: it may be wanted most when the connection is bad.
 */
export function loadLater<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
) {
  const loadSurely = async (): ReturnType<typeof load> => {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      return loadSurely()
    }
  }
  return { Component: lazy(loadSurely), load: loadSurely }
}
