import { Button, CloseButton, Group, Menu, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { type RefObject, useLayoutEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission } from '../session/session'
import { askDelete } from './ask-delete'
import type { BulkWork } from './bulk-work'
import { focusGrid } from './grid-focus'
import { unite } from './selection'
import classes from './selection.module.css'
import { isCovered, useGlobalKey } from './shortcuts'
import { TagDialog, type TagDialogKind } from './tag-dialog'
import type { SelectionTools } from './use-selection'

/** Where not all of it has room beside the search, in any language. */
const COMPACT = '(max-width: 79.9em)'
/** Where there is room for the shortest words only. */
const NARROW = '(max-width: 36em)'

/** What the user may do with many images at once. */
export function useBulkPermissions() {
  const mayTag = usePermission('edit-media')
  const mayDelete = usePermission('delete-media')
  const isServed = useFileService() === true
  return { mayTag, mayDelete: mayDelete && isServed }
}

interface SelectionBarProps {
  selecting: SelectionTools
  work: BulkWork
  /** How many match. */
  total: number
}

/** Takes the place of the tools of the library while anything is selected: how many, and what to do with them. */
export function SelectionBar({ selecting, work, total }: SelectionBarProps) {
  const { t, language } = useMessages()
  const isNarrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false })
  const shape = isNarrow ? { px: 8 } : {}
  const { selection, count, isReading, selectAll, clear, restore } = selecting
  const { mayTag, mayDelete } = useBulkPermissions()
  const [dialog, setDialog] = useState<TagDialogKind | null>(null)
  const isAll = selection.kind === 'all' && selection.except.size === 0
  const bar = useRef<HTMLElement>(null)
  useKeptFocus(bar)

  const ask = () =>
    askDelete({
      t,
      count,
      onConfirm: () => {
        work.remove(selection, () =>
          restore((current) => unite([current, selection])[0] ?? current),
        )
        clear()
      },
    })
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
        // Disabled would lose the focus.
        aria-disabled={isAll}
        {...(isAll && { 'data-disabled': true })}
        onClick={() => !isAll && selectAll()}
      >
        {isNarrow ? t.all : t.selectAll(total)}
      </Button>
      <Group gap="xs" className={classes.actions}>
        {mayTag && <TagButtons onChoose={setDialog} />}
        {mayDelete && (
          <Button color="red" {...shape} onClick={ask}>
            {t.remove}
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
    </section>
  )
}

/** Leads to the dialogs of tags; one button for both where there is little room. */
function TagButtons({ onChoose }: { onChoose: (kind: TagDialogKind) => void }) {
  const { t } = useMessages()
  const isCompact = useMediaQuery(COMPACT, undefined, { getInitialValueInEffect: false })
  const button = useRef<HTMLButtonElement>(null)
  const kinds = [
    ['add', t.addTags],
    ['remove', t.removeTags],
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
          {t.tags}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kinds.map(([kind, label]) => (
          <Menu.Item
            key={kind}
            onClick={() => {
              // Where the focus goes after the dialog: this entry is gone by then.
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

/** What had the focus in the bar is gone with it: the images have it then. */
function useKeptFocus(bar: RefObject<HTMLElement | null>) {
  useLayoutEffect(() => {
    const element = bar.current
    return () => {
      if (element?.contains(document.activeElement)) focusGrid()
    }
  }, [bar])
}
