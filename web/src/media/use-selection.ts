import { useCallback, useEffect, useRef, useState } from 'react'
import { useReadItems, useReadNewest } from './queries'
import {
  countSelected,
  type NamedItem,
  NOTHING,
  type Selection,
  toggleItem,
  withItems,
} from './selection'
import type { View } from './view'

export type SelectionTools = ReturnType<typeof useSelection>

/** What is selected in a view, and how it changes. Another search begins with nothing. */
export function useSelection({ order, search }: View) {
  const [selection, setSelection] = useState(NOTHING)
  const [isReading, setIsReading] = useState(false)
  const readItems = useReadItems({ order, search })
  const readNewest = useReadNewest(search)
  /** Where a range begins. */
  const anchor = useRef(0)
  /** Of the last change, so that an answer that comes late does not undo a newer one. */
  const turn = useRef(0)

  const change = useCallback((next: Selection | ((current: Selection) => Selection)) => {
    turn.current += 1
    setSelection(next)
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: what was selected belongs to its search
  useEffect(() => change(NOTHING), [search])

  /** Changes the selection by what has to be read first. */
  const changeBy = useCallback(
    async <T>(reading: Promise<T>, apply: (current: Selection, read: T) => Selection) => {
      turn.current += 1
      const mine = turn.current
      setIsReading(true)
      try {
        const read = await reading
        if (turn.current === mine) setSelection((current) => apply(current, read))
      } finally {
        setIsReading(false)
      }
    },
    [],
  )

  const toggle = useCallback(
    (item: NamedItem, position: number) => {
      anchor.current = position
      change((current) => toggleItem(current, item))
    },
    [change],
  )
  const extendTo = useCallback(
    (position: number) => {
      const first = Math.min(anchor.current, position)
      const last = Math.max(anchor.current, position)
      return changeBy(readItems(first, last), withItems)
    },
    [changeBy, readItems],
  )
  /** @param isPart of those between, what belongs to it; a rubber band leaves columns out */
  const selectArea = useCallback(
    (first: number, last: number, isPart: (position: number) => boolean, isAdded: boolean) => {
      anchor.current = first
      return changeBy(readItems(first, last), (current, items) =>
        withItems(
          isAdded ? current : NOTHING,
          items.filter((_, index) => isPart(first + index)),
        ),
      )
    },
    [changeBy, readItems],
  )
  const selectAll = useCallback(
    () =>
      changeBy(readNewest(), (_, { until, total }) =>
        total === 0 ? NOTHING : { kind: 'all', search, until, total, except: new Map() },
      ),
    [changeBy, readNewest, search],
  )
  const clear = useCallback(() => change(NOTHING), [change])

  return {
    selection,
    count: countSelected(selection),
    /** True while a range that was not on the screen is being read. */
    isReading,
    toggle,
    extendTo,
    selectArea,
    selectAll,
    clear,
    restore: change,
  }
}
