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
import { linkTo, type View } from './view'

const GAP = 12
const NAME_HEIGHT = 28
/** Rows that are rendered beyond each edge of the screen. */
const OVERSCAN = 2

interface GridProps {
  view: View
  total: number
  /** Minimum width of a cell, in pixels. */
  cellSize: number
  /** Position that is scrolled into view at first. */
  initialPosition: number
  onMove: (position: number) => void
  onOpen: (id: number) => void
  /** Deletes an image after a question; undefined if the user may not delete. */
  onDelete: ((item: NamedItem) => void) | undefined
  /** The search whose first match gets the focus as soon as it is rendered. */
  awaited: RefObject<string | null>
  /** Position of the image that is open over the grid. The grid scrolls to it. */
  openPosition: number | undefined
  selecting: SelectionTools
  maySelect: boolean
  /** Images that are about to be deleted, or being deleted. */
  going: readonly Selection[]
}

/** The whole library as one scrollable grid. Only the rows near the screen are rendered. */
export function Grid(props: GridProps) {
  const { view, total, cellSize, initialPosition, onMove, onOpen, openPosition } = props
  const { selecting, maySelect, going, onDelete, awaited } = props
  const { t } = useMessages()
  const scroller = useRef<HTMLDivElement>(null)
  const rectangle = useRef<HTMLDivElement>(null)
  const { ref, width, height } = useElementSize<HTMLDivElement>()
  const mergedRef = useMergedRef(scroller, ref)

  // A narrow screen still shows at least two columns.
  const leastWidth = Math.min(cellSize, (width - 3 * GAP) / 2)
  const columns = Math.max(1, Math.floor((width - GAP) / (leastWidth + GAP)))
  const box = Math.max(40, (width - GAP) / columns - GAP)
  const rowHeight = Math.round(box) + NAME_HEIGHT + GAP
  const rows = Math.ceil(total / columns)
  const map = useRef(mapScroll(0, 0))
  map.current = mapScroll(rows * rowHeight + GAP, height, devicePixelRatio)

  /** Row of the focused image. It stays rendered, so that it keeps the focus. */
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
    // The virtualizer would stop at the height of the scrolled element. `scrollTo` maps the offset.
    scrollToFn: () => {},
  })
  /** Scrolls to an offset in the list, in pixels from its start. */
  const scrollTo = (offset: number) =>
    scroller.current?.scrollTo({ top: map.current.toScroll(offset) })
  /** Scrolls as little as possible to make a row visible. */
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

  // After a resize or a change of density, keep the same image in view.
  const position = useRef(initialPosition)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only these change the layout
  useLayoutEffect(() => {
    if (width === 0) return
    virtualizer.measure()
    scrollTo(Math.floor(position.current / columns) * rowHeight)
  }, [columns, rowHeight, width > 0])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the user may scroll the grid away from the image
  useEffect(() => {
    if (width > 0 && openPosition !== undefined) {
      showRow(Math.floor(openPosition / columns))
    }
  }, [openPosition, width > 0])

  const { scrollOffset, isScrolling } = virtualizer
  // Uses the last reported offset. The scrollbar itself may be ahead of it, and rows that jump between
  // the press and the release of a mouse button would lose the click.
  const shift = map.current.toScroll(scrollOffset ?? 0) - (scrollOffset ?? 0)
  useEffect(() => {
    if (isScrolling || width === 0) return
    // The grid was just scrolled, and the new offset has not been reported yet.
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
  // After each rendering: the awaited image may be there now.
  useEffect(() => {
    if (awaited.current === view.search && focusGrid()) awaited.current = null
  })
  const { order, search, filters } = view
  const href = useCallback(
    (id: number) => linkTo({ order, search, filters }, id),
    [order, search, filters],
  )
  keptRow.current = kept === undefined ? undefined : Math.floor(kept / columns)
  const keptItem = useItems(view, kept ?? 0, kept ?? -1)

  return (
    <div className={classes.place}>
      <GridBanner trouble={trouble} />
      <div ref={mergedRef} className={classes.viewport} data-testid="grid" {...handlers}>
        {/* biome-ignore lint/a11y/useSemanticElements: a table does not allow this layout */}
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
            // biome-ignore lint/a11y/useFocusableInteractive: the links in its cells take the focus
            // biome-ignore lint/a11y/useSemanticElements: a table does not allow this layout
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

/** Adds a row to a sorted list of rows. */
function withRow(rows: number[], row: number | undefined): number[] {
  if (row === undefined || rows.includes(row)) return rows
  return [...rows, row].sort((a, b) => a - b)
}
