import { useElementSize, useMergedRef } from '@mantine/hooks'
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from 'react'
import { useMessages } from '../messages/messages'
import { Cell } from './cell'
import classes from './grid.module.css'
import { GridBanner } from './grid-banner'
import { focusGrid, useGridFocus } from './grid-focus'
import { useItems } from './queries'
import { isInBand, useRubberBand } from './rubber-band'
import { mappedOffset, mapScroll } from './scroll'
import { isSelected, type NamedItem, type Selection } from './selection'
import type { SelectionTools } from './use-selection'
import { queryFor, type View } from './view'

const GAP = 12
const NAME_HEIGHT = 28
/** Rows beyond the edges of the screen. */
const OVERSCAN = 2

interface GridProps {
  view: View
  total: number
  /** Least width of a cell, in pixels. */
  cellSize: number
  /** Position to begin at. */
  initialPosition: number
  onMove: (position: number) => void
  onOpen: (id: number) => void
  /** Asks whether an image is meant to be deleted; undefined where none can be. */
  onDelete: ((item: NamedItem) => void) | undefined
  /** The search whose first image is to have the focus as soon as it is there. */
  awaited: RefObject<string | null>
  /** Position of what is open over it: it is in sight when that is closed. */
  openPosition: number | undefined
  selecting: SelectionTools
  maySelect: boolean
  /** What is about to be deleted. */
  going: readonly Selection[]
}

/** The whole library as one scrollable grid of which only what is on the screen exists. */
export function Grid(props: GridProps) {
  const { view, total, cellSize, initialPosition, onMove, onOpen, openPosition } = props
  const { selecting, maySelect, going, onDelete, awaited } = props
  const { t } = useMessages()
  const scroller = useRef<HTMLDivElement>(null)
  const rectangle = useRef<HTMLDivElement>(null)
  const { ref, width, height } = useElementSize<HTMLDivElement>()
  const mergedRef = useMergedRef(scroller, ref)

  // On a narrow screen two beside each other still tell more than one.
  const leastWidth = Math.min(cellSize, (width - 3 * GAP) / 2)
  const columns = Math.max(1, Math.floor((width - GAP) / (leastWidth + GAP)))
  const box = Math.max(40, (width - GAP) / columns - GAP)
  const rowHeight = Math.round(box) + NAME_HEIGHT + GAP
  const rows = Math.ceil(total / columns)
  const map = useRef(mapScroll(0, 0))
  map.current = mapScroll(rows * rowHeight + GAP, height, devicePixelRatio)

  /** The row of what has the focus; it stays, so that the focus does. */
  const keptRow = useRef<number | undefined>(undefined)
  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    paddingStart: GAP,
    overscan: OVERSCAN,
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) =>
        withRow(defaultRangeExtractor(range), keptRow.current),
      [],
    ),
    observeElementOffset: useCallback(
      (...args: Parameters<ReturnType<typeof mappedOffset>>) =>
        mappedOffset(() => map.current)(...args),
      [],
    ),
    // It would go no further than the scrollbar is high: `scrollTo` knows how high the list is.
    scrollToFn: () => {},
  })
  /** Goes to a place in the list, in pixels from its beginning. */
  const scrollTo = (offset: number) =>
    scroller.current?.scrollTo({ top: map.current.toScroll(offset) })
  /** Brings a row into sight, by the shortest way. */
  const showRow = (row: number) => {
    const offset = map.current.toContent(scroller.current?.scrollTop ?? 0)
    const first = row * rowHeight
    const last = first + rowHeight + 2 * GAP - height
    if (offset > first || last > first) scrollTo(first)
    else if (offset < last) scrollTo(last)
  }
  const virtualRows = virtualizer.getVirtualItems()
  const { startIndex, endIndex } = virtualizer.range ?? { startIndex: 0, endIndex: -1 }
  const firstRow = Math.max(0, startIndex - OVERSCAN)
  const lastRow = Math.min(rows - 1, endIndex + OVERSCAN)
  const { itemAt, isMissing, trouble } = useItems(
    view,
    firstRow * columns,
    Math.min(total, (lastRow + 1) * columns) - 1,
  )

  // A window or density that changes keeps the image in sight that was.
  const position = useRef(initialPosition)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only these change the layout
  useLayoutEffect(() => {
    if (width === 0) return
    virtualizer.measure()
    scrollTo(Math.floor(position.current / columns) * rowHeight)
  }, [columns, rowHeight, width > 0])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the grid itself may be scrolled away from it
  useEffect(() => {
    if (width > 0 && openPosition !== undefined) {
      showRow(Math.floor(openPosition / columns))
    }
  }, [openPosition, width > 0])

  const { scrollOffset, isScrolling } = virtualizer
  // By the position that was told last, not by the scrollbar's own, which may be ahead of it: rows that
  // jump between the press of a button and its release lose the click.
  const shift = map.current.toScroll(scrollOffset ?? 0) - (scrollOffset ?? 0)
  useEffect(() => {
    if (isScrolling || width === 0) return
    // It was told to go elsewhere just now, and is about to say that it has.
    const { scrollTop } = scroller.current ?? { scrollTop: 0 }
    if (Math.abs(scrollTop - map.current.toScroll(scrollOffset ?? 0)) > 1) return
    position.current = Math.max(0, Math.round((scrollOffset ?? 0) / rowHeight)) * columns
    onMove(position.current)
  }, [scrollOffset, isScrolling, rowHeight, columns, width, onMove])

  const { selection, count, toggle, extendTo, selectArea } = selecting
  const { band, handlers } = useRubberBand({
    scroller,
    rectangle,
    isEnabled: maySelect,
    rows,
    columns,
    rowPitch: rowHeight,
    columnPitch: box + GAP,
    gap: GAP,
    readScroll: () => {
      const scrollTop = scroller.current?.scrollTop ?? 0
      return { offset: map.current.toContent(scrollTop), ratio: map.current.toContent(1) }
    },
    onSelect: (chosen, isAdded) => {
      const first = chosen.firstRow * columns + chosen.firstColumn
      const last = Math.min(total - 1, chosen.lastRow * columns + chosen.lastColumn)
      const isPart = (at: number) => isInBand(chosen, Math.floor(at / columns), at % columns)
      void selectArea(first, last, isPart, isAdded)
    },
  })
  const extend = useCallback(
    (at: number) => void (maySelect && extendTo(at)),
    [maySelect, extendTo],
  )
  const { onKey, onFocus, tabStop, kept } = useGridFocus({
    scroller,
    total,
    columns,
    pageRows: Math.max(1, Math.floor(height / rowHeight)),
    seen: Math.min(total - 1, Math.ceil((scrollOffset ?? 0) / rowHeight) * columns),
    first: firstRow * columns,
    last: (lastRow + 1) * columns - 1,
    showRow,
    onExtend: extend,
  })
  // After each drawing: an image may be there now.
  useEffect(() => {
    if (awaited.current === view.search && focusGrid()) awaited.current = null
  })
  const { order, search } = view
  const href = useCallback((id: number) => queryFor({ order, search, open: id }), [order, search])
  keptRow.current = kept === undefined ? undefined : Math.floor(kept / columns)
  const keptItem = useItems(view, kept ?? 0, kept ?? -1)

  return (
    <div className={classes.place}>
      <GridBanner trouble={trouble} />
      <div ref={mergedRef} className={classes.viewport} data-testid="grid" {...handlers}>
        {/* biome-ignore lint/a11y/useSemanticElements: a table could not be laid out so */}
        <div
          role="grid"
          aria-label={t.grid}
          aria-rowcount={rows}
          aria-colcount={columns}
          aria-multiselectable={maySelect}
          className={classes.canvas}
          data-selecting={count > 0 || undefined}
          style={{ height: map.current.height }}
        >
          {virtualRows.map((row) => (
            // biome-ignore lint/a11y/useFocusableInteractive: what has the focus is in its cells
            // biome-ignore lint/a11y/useSemanticElements: a table could not be laid out so
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 1}
              className={classes.row}
              style={{
                height: rowHeight - GAP,
                transform: `translateY(${row.start + shift}px)`,
                gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
              }}
            >
              {Array.from(
                { length: Math.min(columns, total - row.index * columns) },
                (_, column) => {
                  const at = row.index * columns + column
                  const item = itemAt(at) ?? keptItem.itemAt(at)
                  return (
                    <Cell
                      key={at}
                      item={item}
                      isMissing={isMissing(at)}
                      position={at}
                      box={box}
                      search={view.search}
                      isTabStop={at === tabStop}
                      isSelected={
                        isInBand(band, row.index, column) ||
                        (item !== undefined && isSelected(selection, item.id))
                      }
                      isGoing={
                        item !== undefined && going.some((gone) => isSelected(gone, item.id))
                      }
                      isSelecting={count > 0}
                      maySelect={maySelect}
                      href={href}
                      onOpen={onOpen}
                      onDelete={onDelete}
                      onToggle={toggle}
                      onExtend={extend}
                      onFocus={onFocus}
                      onKey={onKey}
                    />
                  )
                },
              )}
            </div>
          ))}
        </div>
        <div ref={rectangle} className={classes.band} />
      </div>
    </div>
  )
}

/** The rows with another one in its place among them. */
function withRow(rows: number[], row: number | undefined): number[] {
  if (row === undefined || rows.includes(row)) return rows
  return [...rows, row].sort((a, b) => a - b)
}
