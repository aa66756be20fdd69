import { notifications } from '@mantine/notifications'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useSignedInAgain } from '../session/session'
import { useReadItems, useReadNewest } from './queries'
import {
  countSelected,
  type NamedItem,
  NOTHING,
  type Selection,
  toggleItem,
  withItems,
} from './selection'
import { isTrash, type View } from './view'

export type SelectionTools = ReturnType<typeof useSelection>

/** Id of the notification that selecting failed, so that only one is shown. */
const NOTICE = 'selection-failed'

/**
 * The selection in a view, and functions that change it. Single images stay selected across searches and
 * filters, but not when the trash is opened or left.
 */
export function useSelection({ order, search, filters }: View) {
  const { t } = useMessages()
  const signedIn = useSignedInAgain()
  const [selection, setSelection] = useState(NOTHING)
  const [readings, setReadings] = useState(0)
  const readItems = useReadItems({ order, search, filters })
  const readNewest = useReadNewest({ search, filters })
  const inTrash = isTrash({ filters })
  /** Position where a range starts. */
  const anchor = useRef(0)
  /** Number of the last change, so that a late response does not undo a newer one. */
  const turn = useRef(0)

  const change = useCallback((next: Selection | ((current: Selection) => Selection)) => {
    turn.current += 1
    setSelection(next)
  }, [])

  // A selection of all matches ends with its search.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another search changes it
  useEffect(() => {
    anchor.current = 0
    change((current) => (current.kind === 'all' ? NOTHING : current))
  }, [search, filters])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the actions in the trash are others
  useEffect(() => change(NOTHING), [inTrash])

  /** Reads items, then changes the selection by them. Shows a notification if they cannot be read. */
  const changeBy = useCallback(
    async <T>(read: () => Promise<T>, apply: (current: Selection, read: T) => Selection) => {
      turn.current += 1
      const mine = turn.current
      setReadings((count) => count + 1)
      notifications.hide(NOTICE)
      try {
        const found = await read().catch(async (error: unknown) => {
          if (!(error instanceof ApiError && error.status === 401)) throw error
          await signedIn(new AbortController().signal)
          return read()
        })
        if (turn.current === mine) setSelection((current) => apply(current, found))
      } catch (error) {
        if (turn.current !== mine) return
        notifications.show({
          id: NOTICE,
          color: 'red',
          withBorder: true,
          autoClose: 10_000,
          title: t.notSelected,
          message: error instanceof ApiError ? t.serverFault : t.unreachable,
          closeButtonProps: { 'aria-label': t.close },
        })
      } finally {
        setReadings((count) => count - 1)
      }
    },
    [signedIn, t],
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
      return changeBy(() => readItems(first, last), withItems)
    },
    [changeBy, readItems],
  )
  /** @param isPart whether a position in the range is selected: a rubber band leaves out columns */
  const selectArea = useCallback(
    (first: number, last: number, isPart: (position: number) => boolean, isAdded: boolean) => {
      anchor.current = first
      return changeBy(
        () => readItems(first, last),
        (current, items) =>
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
      changeBy(readNewest, (_, { until, total }) =>
        total === 0 ? NOTHING : { kind: 'all', search, filters, until, total, except: new Map() },
      ),
    [changeBy, readNewest, search, filters],
  )
  const clear = useCallback(() => change(NOTHING), [change])

  return {
    selection,
    count: countSelected(selection),
    /** True while items that are not cached are being read. */
    isReading: readings > 0,
    toggle,
    extendTo,
    selectArea,
    selectAll,
    clear,
    restore: change,
  }
}
