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
  /** True where the item could not be read. */
  isMissing: boolean
  position: number
  box: number
  search: string
  /** The one cell that Tab leads to. */
  isTabStop: boolean
  isSelected: boolean
  /** True while it is about to be deleted. */
  isGoing: boolean
  /** Whether anything is selected: then a click selects instead of opening. */
  isSelecting: boolean
  maySelect: boolean
  /** Address of the item, for another tab. */
  href: (id: number) => string
  onOpen: (id: number) => void
  /** Asks whether it is meant to be deleted; undefined where it cannot be. */
  onDelete: ((item: NamedItem) => void) | undefined
  onToggle: (item: NamedItem, position: number) => void
  /** Selects all from the one that was selected last. */
  onExtend: (position: number) => void
  onFocus: (position: number) => void
  onKey: (event: KeyboardEvent, position: number) => void
}

/** One image of the grid: opened by its link, selected by its checkbox, both by keys as well. */
export const Cell = memo(function Cell(props: CellProps) {
  const { item, position, box, search, isSelected, isGoing, isSelecting, maySelect } = props
  const { t } = useMessages()
  const select = ({ shiftKey }: { shiftKey: boolean }) => {
    if (shiftKey) props.onExtend(position)
    else if (item) props.onToggle(item, position)
  }
  const click = (event: MouseEvent) => {
    const { ctrlKey, metaKey, shiftKey, detail } = event
    // To another tab, as with any link.
    if ((ctrlKey || metaKey) && item && !isGoing) return
    event.preventDefault()
    // A click that no pointer made is the Enter key's, which always opens.
    const isMeant = shiftKey || (isSelecting && detail > 0)
    if (maySelect && isMeant) select(event)
    else if (item && !isGoing) props.onOpen(item.id)
  }
  const press = (event: KeyboardEvent) => {
    const { key, repeat } = event
    if (key === ' ') {
      // Else it would scroll.
      event.preventDefault()
      if (repeat) return
      if (maySelect) select(event)
      else if (item && !isGoing) props.onOpen(item.id)
    } else if (key === 'Delete' && item && !isGoing && !isSelecting && !repeat) {
      // Of what is selected the bar of the selection takes care.
      props.onDelete?.(item)
    } else props.onKey(event, position)
  }
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: what has the focus is the link in it
    // biome-ignore lint/a11y/useSemanticElements: a table could not be laid out so
    <div
      className={classes.cell}
      role="gridcell"
      data-going={isGoing || undefined}
      aria-busy={!item && !props.isMissing}
      {...(maySelect && { 'aria-selected': isSelected })}
    >
      <a
        className={classes.open}
        // Also where there is no address, yet or any more.
        role={item && !isGoing ? undefined : 'link'}
        href={item && !isGoing ? props.href(item.id) : undefined}
        draggable={false}
        data-position={position}
        data-id={item?.id}
        tabIndex={props.isTabStop ? 0 : -1}
        // Also where there is no image yet: the focus stays on it when it comes.
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

/** The name, and beside it the tag by which the image was found if the name does not tell. */
function CellName({ item: { name, tags }, search }: { item: MediaItem; search: string }) {
  const terms = splitTerms(search)
  const tag = findMatchingTag(name, tags, terms)
  return (
    <div className={classes.name}>
      <span className={classes.nameText} data-testid="name">
        <Marked text={name} terms={terms} />
      </span>
      {tag !== undefined && (
        // The title of the link has all of them.
        <span className={classes.tag} aria-hidden>
          <Marked text={tag} terms={terms} />
        </span>
      )}
    </div>
  )
}

const describe = ({ name, tags }: MediaItem, label: string) =>
  tags.length > 0 ? `${name}\n${label}: ${tags.join(', ')}` : name
