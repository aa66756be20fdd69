import { Button, CloseButton, Group, Menu, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { type RefObject, useLayoutEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission, useTrash } from '../session/session'
import { askDelete } from './ask-delete'
import type { BulkWork } from './bulk-work'
import { CollectionsDialog } from './collections-dialog'
import { focusGrid } from './grid-focus'
import { unite } from './selection'
import classes from './selection.module.css'
import { isCovered, useGlobalKey } from './shortcuts'
import { TagDialog, type TagDialogKind } from './tag-dialog'
import type { SelectionTools } from './use-selection'

/** Below this width, the full bar does not fit beside the search and the navigation in every language. */
const COMPACT = '(max-width: 93.7em)'
/** Below this width, only the shortest labels fit. */
const NARROW = '(max-width: 36em)'

/**
 * What the user may do with images of the library, or of the trash. If there is a trash, deleting moves
 * images there. Deleting them for good needs the file service.
 */
export function useBulkPermissions(inTrash: boolean) {
  const mayEdit = usePermission('edit-media')
  const may = usePermission('delete-media')
  const isServed = useFileService() === true
  const hasTrash = useTrash()
  const toTrash = !inTrash && hasTrash === true
  return {
    mayTag: mayEdit && !inTrash,
    mayDelete: may && (toTrash || (isServed && hasTrash !== undefined)),
    mayRestore: may && inTrash && hasTrash === true,
    toTrash,
  }
}

interface SelectionBarProps {
  selecting: SelectionTools
  work: BulkWork
  /** Whether the trash is shown. */
  inTrash: boolean
  /** Number of images that match the search. */
  total: number
}

/** Covers the tools of the library while anything is selected. Shows the count and the actions. */
export function SelectionBar({ selecting, work, inTrash, total }: SelectionBarProps) {
  const { t, language } = useMessages()
  const isNarrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false })
  const shape = isNarrow ? { px: 8 } : {}
  const { selection, count, isReading, selectAll, clear, restore } = selecting
  const { mayTag, mayDelete, mayRestore, toTrash } = useBulkPermissions(inTrash)
  const [dialog, setDialog] = useState<Dialog | null>(null)
  const isAll = selection.kind === 'all' && selection.except.size === 0
  const bar = useRef<HTMLElement>(null)
  useKeptFocus(bar)

  const remove = () => {
    const onUndo = () => restore((current) => unite([current, selection])[0] ?? current)
    if (toTrash) void work.trash(selection, onUndo)
    else work.remove(selection, onUndo)
    clear()
  }
  const ask = () => {
    // Named images can be taken out of the trash by one click. What a search finds cannot.
    if (toTrash && selection.kind === 'some') remove()
    else askDelete({ t, count, toTrash, onConfirm: remove })
  }
  useGlobalKey('Delete', () => {
    if (mayDelete && !isCovered()) ask()
  })

  return (
    <section ref={bar} className={classes.bar} aria-label={t.selectedCount(count)}>
      <Group gap="xs" wrap="nowrap">
        <CloseButton aria-label={t.clearSelection} title={t.clearSelection} onClick={clear} />
        <Text fw={600} className={classes.count}>
          {isNarrow ? count.toLocaleString(language) : t.selectedCount(count)}
        </Text>
      </Group>
      <Button
        variant="subtle"
        {...shape}
        aria-label={t.selectAll(total)}
        loading={isReading}
        // A disabled button would lose the focus.
        aria-disabled={isAll}
        {...(isAll && { 'data-disabled': true })}
        onClick={() => !isAll && selectAll()}
      >
        {isNarrow ? t.all : t.selectAll(total)}
      </Button>
      <Group gap="xs" className={classes.actions}>
        {mayTag && <ChangeButtons onChoose={setDialog} />}
        {mayRestore && (
          <Button
            variant="default"
            {...shape}
            onClick={() => {
              void work.restore(selection)
              clear()
            }}
          >
            {t.restore}
          </Button>
        )}
        {mayDelete && (
          <Button color="red" {...shape} onClick={ask}>
            {inTrash && !isNarrow ? t.removeForGood : t.remove}
          </Button>
        )}
      </Group>
      {(['add', 'remove'] as const).map((kind) => (
        <TagDialog
          key={kind}
          kind={kind}
          opened={dialog === kind}
          count={count}
          onClose={() => setDialog(null)}
          onApply={(tags) => {
            setDialog(null)
            work.retag(selection, kind, tags)
          }}
        />
      ))}
      <CollectionsDialog
        opened={dialog === 'collections'}
        count={count}
        onClose={() => setDialog(null)}
        onApply={(add, remove) => {
          setDialog(null)
          void work.file(selection, add, remove)
        }}
      />
    </section>
  )
}

type Dialog = TagDialogKind | 'collections'

/** Buttons that open the dialogs, or one menu for all on a narrow screen. */
function ChangeButtons({ onChoose }: { onChoose: (dialog: Dialog) => void }) {
  const { t } = useMessages()
  const isCompact = useMediaQuery(COMPACT, undefined, { getInitialValueInEffect: false })
  const button = useRef<HTMLButtonElement>(null)
  const kinds = [
    ['add', t.addTags],
    ['remove', t.removeTags],
    ['collections', t.collections],
  ] as const
  if (!isCompact) {
    return kinds.map(([kind, label]) => (
      <Button key={kind} variant="default" onClick={() => onChoose(kind)}>
        {label}
      </Button>
    ))
  }
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button ref={button} variant="default" px={8} rightSection="▾">
          {t.change}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kinds.map(([kind, label]) => (
          <Menu.Item
            key={kind}
            onClick={() => {
              // The dialog returns the focus to this button: the menu entry is gone by then.
              button.current?.focus()
              onChoose(kind)
            }}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

/** Moves the focus to the grid when the bar disappears while it has the focus. */
function useKeptFocus(bar: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const element = bar.current
    return () => {
      if (element?.contains(document.activeElement)) focusGrid()
    }
  }, [bar])
}
