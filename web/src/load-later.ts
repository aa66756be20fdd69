import { type ComponentType, lazy } from 'react'

const RETRY_MS = 5_000

/**
 * A component whose code is not part of the first load. The code is loaded when `load` is called or the
 * component is first rendered. A failed load is repeated until it succeeds: the component may be needed
 * just when the connection is bad.
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
