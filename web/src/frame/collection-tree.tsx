import { ActionIcon, Menu } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { modals } from '@mantine/modals'
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type DragEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { AddIcon, MoreIcon, NextIcon } from '../icons'
import type { NamedCollection } from '../media/queries'
import { useMessages } from '../messages/messages'
import { NameInput } from './name-input'
import classes from './nav.module.css'
import { isWithin, type Line, listLines, type Place, stepPlace } from './tree'
import { useCollectionChanges } from './use-collection-changes'

/** Height of a line, in pixels. */
const LINE = 30
/** What is dragged: the id of a collection. */
const DRAGGED = 'application/x-vitrine-collection'

interface CollectionTreeProps {
  collections: readonly NamedCollection[]
  /** The id of the collection that the library shows. */
  shown: number | undefined
  onShow: (id: number) => void
  mayEdit: boolean
}

interface Drop {
  id: number
  where: 'before' | 'inside' | 'after'
}

/**
 * The collections as a tree. Only lines on the screen are rendered: there may be thousands.
 * Keys follow the tree pattern of the ARIA Authoring Practices Guide.
 */
export function CollectionTree({ collections, shown, onShow, mayEdit }: CollectionTreeProps) {
  const { t } = useMessages()
  const change = useCollectionChanges()
  const [open, setOpen] = useLocalStorage<number[]>({
    key: 'vitrine-open-collections',
    defaultValue: [],
    getInitialValueInEffect: false,
  })
  const lines = useMemo(() => listLines(collections, new Set(open)), [collections, open])
  const [active, setActive] = useState<number>()
  /** The line whose name is being written. */
  const [renamed, setRenamed] = useState<number>()
  /** The parent of the collection that is being added; undefined while none is. */
  const [addedTo, setAddedTo] = useState<number | null>()
  const [drop, setDrop] = useState<Drop>()
  const dragged = useRef<number>(undefined)
  const scroller = useRef<HTMLDivElement>(null)
  const isFocusWanted = useRef(false)

  const chosen = collections.find(({ id, isSearch }) => id === shown && !isSearch)
  const find = (id: number | undefined) => lines.findIndex((line) => line.collection.id === id)
  const stop = Math.max(0, find(active) >= 0 ? find(active) : find(shown))
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 4,
    // The line that Tab reaches stays rendered.
    rangeExtractor: (range) => {
      const rows = defaultRangeExtractor(range)
      return rows.includes(stop) || stop >= lines.length
        ? rows
        : [...rows, stop].sort((a, b) => a - b)
    },
  })
  useEffect(() => {
    if (!isFocusWanted.current) return
    const line = scroller.current?.querySelector<HTMLElement>('[tabindex="0"]')
    if (!line) return
    isFocusWanted.current = false
    line.focus()
  })

  const toggle = (id: number, isOpen: boolean) =>
    setOpen((known) => (isOpen ? [...new Set([...known, id])] : known.filter((one) => one !== id)))
  const go = (index: number) => {
    const line = lines[Math.min(lines.length - 1, Math.max(0, index))]
    if (!line) return
    setActive(line.collection.id)
    isFocusWanted.current = true
    virtualizer.scrollToIndex(lines.indexOf(line))
  }
  const move = (id: number, place: Place | undefined) => {
    if (place) void change({ kind: 'edit', id, ...place })
  }
  const add = (parent: number | null) => {
    if (parent !== null) toggle(parent, true)
    setAddedTo(parent)
  }
  const askDelete = ({ id, name }: NamedCollection) =>
    modals.openConfirmModal({
      title: t.deleteCollection(name),
      children: t.deleteCollectionHint,
      labels: { confirm: t.remove, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      onConfirm: () => void change({ kind: 'delete', id }),
    })

  const press = (event: KeyboardEvent, index: number) => {
    const line = lines[index]
    if (!line || event.target !== event.currentTarget) return
    const { collection, isOpen, level } = line
    const { key, altKey, ctrlKey, metaKey } = event
    if (ctrlKey || metaKey) return
    const actions: Record<string, () => void> = {
      ArrowDown: () => go(index + 1),
      ArrowUp: () => go(index - 1),
      Home: () => go(0),
      End: () => go(lines.length - 1),
      ArrowRight: () => {
        if (isOpen === false) toggle(collection.id, true)
        else if (isOpen) go(index + 1)
      },
      ArrowLeft: () => {
        if (isOpen) toggle(collection.id, false)
        else if (level > 1) go(find(collection.parent ?? undefined))
      },
      Enter: () => onShow(collection.id),
      ' ': () => onShow(collection.id),
      ...(mayEdit && {
        F2: () => setRenamed(collection.id),
        Delete: () => askDelete(collection),
      }),
    }
    const moves: Record<string, () => void> = {
      ArrowDown: () => move(collection.id, stepPlace(collections, collection, 1)),
      ArrowUp: () => move(collection.id, stepPlace(collections, collection, -1)),
    }
    const act = altKey ? mayEdit && moves[key] : actions[key]
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  const aim = (event: DragEvent, { collection, isOpen }: Line): Drop | undefined => {
    const id = dragged.current
    if (id === undefined || isWithin(collections, id, collection.id)) return undefined
    const { top, height } = event.currentTarget.getBoundingClientRect()
    const part = (event.clientY - top) / height
    const where = part < 0.3 ? 'before' : part > 0.7 && !isOpen ? 'after' : 'inside'
    return { id: collection.id, where }
  }
  const land = ({ collection }: Line, { where }: Drop) => {
    const id = dragged.current
    if (id === undefined) return
    if (where === 'inside') {
      toggle(collection.id, true)
      return move(id, { parent: collection.id, after: null })
    }
    const { parent } = collection
    if (where === 'after') return move(id, { parent, after: collection.id })
    const siblings = collections.filter((one) => one.parent === parent && one.id !== id)
    const at = siblings.findIndex((one) => one.id === collection.id)
    move(id, { parent, after: siblings[at - 1]?.id ?? null })
  }

  return (
    <section className={classes.collections} aria-label={t.collections}>
      <div className={classes.heading}>
        <h2>{t.collections}</h2>
        {mayEdit && chosen && (
          <Menu position="bottom-end" returnFocus={false}>
            <Menu.Target>
              <ActionIcon
                className={classes.more}
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={t.moreFor(chosen.name)}
                title={t.moreFor(chosen.name)}
              >
                <MoreIcon />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                rightSection="F2"
                disabled={find(chosen.id) < 0}
                onClick={() => setRenamed(chosen.id)}
              >
                {t.rename}
              </Menu.Item>
              <Menu.Item onClick={() => add(chosen.id)}>{t.addInside}</Menu.Item>
              <Menu.Item
                rightSection="Alt ↑"
                disabled={!stepPlace(collections, chosen, -1)}
                onClick={() => move(chosen.id, stepPlace(collections, chosen, -1))}
              >
                {t.moveUp}
              </Menu.Item>
              <Menu.Item
                rightSection="Alt ↓"
                disabled={!stepPlace(collections, chosen, 1)}
                onClick={() => move(chosen.id, stepPlace(collections, chosen, 1))}
              >
                {t.moveDown}
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => askDelete(chosen)}>
                {t.remove}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        {mayEdit && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t.addCollection}
            title={t.addCollection}
            onClick={() => add(null)}
          >
            <AddIcon />
          </ActionIcon>
        )}
      </div>
      {addedTo !== undefined && (
        <div className={classes.naming}>
          <NameInput
            label={t.collectionName}
            onCancel={() => setAddedTo(undefined)}
            onDone={(name) => {
              setAddedTo(undefined)
              void change({ kind: 'add', name, ...(addedTo !== null && { parent: addedTo }) })
            }}
          />
        </div>
      )}
      {lines.length > 0 && (
        <div ref={scroller} className={classes.tree}>
          <div
            role="tree"
            aria-label={t.collections}
            className={classes.lines}
            style={{ height: virtualizer.getTotalSize() }}
          >
            {virtualizer.getVirtualItems().map(({ index, start }) => {
              const line = lines[index]
              if (!line) return null
              const { collection, level, isOpen, place, siblings } = line
              const { id, name } = collection
              // Null for saved searches alone, which are not in the tree.
              const total = collection.total ?? 0
              return (
                <div
                  key={id}
                  role="treeitem"
                  aria-level={level}
                  aria-expanded={isOpen}
                  aria-selected={id === shown}
                  aria-posinset={place}
                  aria-setsize={siblings}
                  tabIndex={index === stop ? 0 : -1}
                  className={classes.line}
                  data-drop={drop?.id === id ? drop.where : undefined}
                  style={{
                    transform: `translateY(${start}px)`,
                    paddingInlineStart: 4 + (level - 1) * 14,
                  }}
                  draggable={mayEdit && renamed !== id}
                  onFocus={() => setActive(id)}
                  onKeyDown={(event) => press(event, index)}
                  onClick={() => onShow(id)}
                  onDoubleClick={() => mayEdit && setRenamed(id)}
                  onDragStart={(event) => {
                    dragged.current = id
                    event.dataTransfer.effectAllowed = 'move'
                    event.dataTransfer.setData(DRAGGED, String(id))
                  }}
                  onDragEnd={() => {
                    dragged.current = undefined
                    setDrop(undefined)
                  }}
                  onDragOver={(event) => {
                    const next = aim(event, line)
                    if (next) event.preventDefault()
                    if (next?.id !== drop?.id || next?.where !== drop?.where) setDrop(next)
                  }}
                  onDragLeave={() => setDrop(undefined)}
                  onDrop={(event) => {
                    const next = aim(event, line)
                    setDrop(undefined)
                    if (!next) return
                    event.preventDefault()
                    land(line, next)
                  }}
                >
                  {/* Keys open and close as well: see `press`. */}
                  <span
                    className={classes.arrow}
                    data-open={isOpen}
                    aria-hidden
                    onClick={(event) => {
                      if (isOpen === undefined) return
                      event.stopPropagation()
                      toggle(id, !isOpen)
                    }}
                  >
                    {isOpen !== undefined && <NextIcon />}
                  </span>
                  {renamed === id ? (
                    <NameInput
                      label={t.rename}
                      name={name}
                      onCancel={() => {
                        setRenamed(undefined)
                        isFocusWanted.current = true
                      }}
                      onDone={(wanted) => {
                        setRenamed(undefined)
                        isFocusWanted.current = true
                        void change({ kind: 'edit', id, name: wanted })
                      }}
                    />
                  ) : (
                    <>
                      <span className={classes.label} title={name}>
                        {name}
                      </span>
                      <span className={classes.count}>{t.count(total)}</span>
                    </>
                  )}
                </div>
              )
            })}
          </div>
        </div>
      )}
    </section>
  )
}
