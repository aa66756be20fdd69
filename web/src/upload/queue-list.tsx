import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import classes from './upload.module.css'
import { UploadRow } from './upload-row'
import { type Uploads, useUploadIds } from './uploads'

/** Estimated height of a row in pixels, with one line of text. Rendered rows are measured. */
const ROW_HEIGHT = 60

/** The list of all files. Only the visible rows and the row with the focus are rendered. */
export function QueueList({ uploads }: { uploads: Uploads }) {
  const { t } = useMessages()
  const scroller = useRef<HTMLDivElement>(null)
  const [focused, setFocused] = useState<number>()
  const ids = useKeptOrder(useUploadIds(uploads), focused !== undefined)
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 3,
    rangeExtractor: (range) => {
      const kept = focused === undefined ? -1 : ids.indexOf(focused)
      const indexes = defaultRangeExtractor(range)
      if (kept === -1 || indexes.includes(kept)) return indexes
      return [...indexes, kept].sort((a, b) => a - b)
    },
  })
  // Scroll to newly added files, unless the focus is in the list.
  const seen = useRef(0)
  useEffect(() => {
    const isInUse = scroller.current?.contains(document.activeElement)
    if (ids.length > seen.current && !isInUse) {
      virtualizer.scrollToIndex(seen.current, { align: 'start' })
    }
    seen.current = ids.length
  }, [ids, virtualizer])

  return (
    <div ref={scroller} className={classes.scroller}>
      <ul
        className={classes.list}
        aria-label={t.files}
        style={{ height: virtualizer.getTotalSize() }}
        onBlur={() => setFocused(undefined)}
      >
        {virtualizer.getVirtualItems().map(({ index, key, start }) => (
          <li
            key={key}
            ref={virtualizer.measureElement}
            data-index={index}
            aria-posinset={index + 1}
            aria-setsize={ids.length}
            className={classes.item}
            style={{ transform: `translateY(${start}px)` }}
            onFocus={() => setFocused(ids[index])}
          >
            <UploadRow uploads={uploads} id={ids[index] ?? 0} />
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The order of the rows. While the list is in use, rows keep their places, and new rows come last. */
function useKeptOrder(ids: readonly number[], isInUse: boolean): readonly number[] {
  const last = useRef(ids)
  return useMemo(() => {
    if (isInUse) {
      const [now, before] = [new Set(ids), new Set(last.current)]
      const kept = last.current.filter((id) => now.has(id))
      last.current = [...kept, ...ids.filter((id) => !before.has(id))]
    } else last.current = ids
    return last.current
  }, [ids, isInUse])
}
