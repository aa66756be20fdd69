import { type KeyboardEvent, type MouseEvent, memo } from 'react'
import type { MediaItem } from '../api/client'
import { MissingIcon } from '../icons'
import { useMessages } from '../messages/messages'
import { findMatchingTag, splitTerms } from './find-matches'
import classes from './grid.module.css'
import { Marked } from './marked'
import type { NamedItem } from './selection'
import { Thumbnail } from './thumbnail'

interface CellProps {
  item: MediaItem | undefined
  /** True if the item could not be loaded. */
  isMissing: boolean
  position: number
  box: number
  search: string
  /** True for the one cell of the grid that Tab reaches. */
  isTabStop: boolean
  isSelected: boolean
  /** True while the image is about to be deleted, or being deleted. */
  isGoing: boolean
  /** True while anything is selected: a click then selects instead of opening. */
  isSelecting: boolean
  maySelect: boolean
  /** Address of the item, for opening it in a new tab. */
  href: (id: number) => string
  onOpen: (id: number) => void
  /** Deletes the image after a question; undefined if the user may not delete. */
  onDelete: ((item: NamedItem) => void) | undefined
  onToggle: (item: NamedItem, position: number) => void
  /** Selects the range from the anchor, the image selected last, to this position. */
  onExtend: (position: number) => void
  onFocus: (position: number) => void
  onKey: (event: KeyboardEvent, position: number) => void
}

/** One image of the grid. Its link opens it, its checkbox selects it; keys do both as well. */
export const Cell = memo(function Cell(props: CellProps) {
  const { item, position, box, search, isSelected, isGoing, isSelecting, maySelect } = props
  const { t } = useMessages()
  const select = ({ shiftKey }: { shiftKey: boolean }) => {
    if (shiftKey) props.onExtend(position)
    else if (item) props.onToggle(item, position)
  }
  const click = (event: MouseEvent) => {
    const { ctrlKey, metaKey, shiftKey, detail } = event
    // The browser opens a new tab, as for any link.
    if ((ctrlKey || metaKey) && item && !isGoing) return
    event.preventDefault()
    // A click with `detail` 0 comes from the Enter key, which always opens.
    const isMeant = shiftKey || (isSelecting && detail > 0)
    if (maySelect && isMeant) select(event)
    else if (item && !isGoing) props.onOpen(item.id)
  }
  const press = (event: KeyboardEvent) => {
    const { key, repeat } = event
    if (key === ' ') {
      // The default action would scroll.
      event.preventDefault()
      if (repeat) return
      if (maySelect) select(event)
      else if (item && !isGoing) props.onOpen(item.id)
    } else if (key === 'Delete' && item && !isGoing && !isSelecting && !repeat) {
      // While anything is selected, the selection bar handles the Delete key.
      props.onDelete?.(item)
    } else props.onKey(event, position)
  }
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the link inside takes the focus
    // biome-ignore lint/a11y/useSemanticElements: a table does not allow this layout
    <div
      className={classes.cell}
      role="gridcell"
      data-going={isGoing || undefined}
      aria-busy={!item && !props.isMissing}
      {...(maySelect && { 'aria-selected': isSelected })}
    >
      <a
        className={classes.open}
        // An `a` without `href` has no role of its own.
        role={item && !isGoing ? undefined : 'link'}
        href={item && !isGoing ? props.href(item.id) : undefined}
        draggable={false}
        data-position={position}
        data-id={item?.id}
        tabIndex={props.isTabStop ? 0 : -1}
        // The same element before and after the item is loaded, so that the focus stays on it.
        {...(item
          ? { title: describe(item, t.tags), 'aria-disabled': isGoing }
          : { 'aria-disabled': true, 'aria-label': props.isMissing ? t.notLoaded : t.loading })}
        onClick={click}
        onFocus={() => props.onFocus(position)}
        onKeyDown={press}
      >
        <div className={classes.frame}>
          {item ? (
            <Thumbnail item={item} box={box} />
          ) : (
            props.isMissing && (
              <span className={classes.notLoaded}>
                <MissingIcon />
                {t.notLoaded}
              </span>
            )
          )}
        </div>
        {item ? <CellName item={item} search={search} /> : <div className={classes.name} />}
      </a>
      {isGoing ? (
        <span className={classes.going}>{t.going}</span>
      ) : (
        maySelect &&
        item && (
          <label className={classes.check}>
            <input
              type="checkbox"
              aria-label={t.select(item.name)}
              tabIndex={-1}
              checked={isSelected}
              onChange={() => {}}
              onClick={select}
            />
          </label>
        )
      )}
    </div>
  )
})

/** The name. If a search term matches only a tag, the tag is shown beside it. */
function CellName({ item: { name, tags }, search }: { item: MediaItem; search: string }) {
  const terms = splitTerms(search)
  const tag = findMatchingTag(name, tags, terms)
  return (
    <div className={classes.name}>
      <span className={classes.nameText} data-testid="name">
        <Marked text={name} terms={terms} />
      </span>
      {tag !== undefined && (
        // Screen readers get all tags from the title of the link.
        <span className={classes.tag} aria-hidden>
          <Marked text={tag} terms={terms} />
        </span>
      )}
    </div>
  )
}

const describe = ({ name, tags }: MediaItem, label: string) =>
  tags.length > 0 ? `${name}\n${label}: ${tags.join(', ')}` : name
