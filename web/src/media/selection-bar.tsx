import { Button, CloseButton, Group, Menu, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { modals } from '@mantine/modals'
import { type RefObject, useLayoutEffect, useRef, useState } from 'react'
import { useMessages } from '../messages/messages'
import { useFileService, usePermission } from '../session/session'
import type { BulkWork } from './bulk-work'
import { focusGrid } from './grid-focus'
import classes from './selection.module.css'
import { isCovered, useGlobalKey } from './shortcuts'
import { TagDialog, type TagDialogKind } from './tag-dialog'
import type { SelectionTools } from './use-selection'

/** Where the bar would take three rows. */
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

/** Lies over the tools of the library while anything is selected: how many, and what to do with them. */
export function SelectionBar({ selecting, work, total }: SelectionBarProps) {
  const { t } = useMessages()
  const { selection, count, isReading, selectAll, clear } = selecting
  const { mayTag, mayDelete } = useBulkPermissions()
  const [dialog, setDialog] = useState<TagDialogKind | null>(null)
  const isAll = selection.kind === 'all' && selection.except.size === 0
  const bar = useRef<HTMLElement>(null)
  useKeptFocus(bar)

  const askDelete = () =>
    modals.openConfirmModal({
      title: t.removeMany(count),
      children: <Text size="sm">{t.removeManyQuestion(count)}</Text>,
      labels: { confirm: t.remove, cancel: t.cancel },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t.close },
      centered: true,
      onConfirm: () => {
        work.remove(selection)
        clear()
      },
    })
  useGlobalKey('Delete', () => {
    if (mayDelete && !isCovered()) askDelete()
  })

  return (
    <section ref={bar} className={classes.bar} aria-label={t.selectedCount(count)}>
      <Group gap="xs" wrap="nowrap">
        <CloseButton aria-label={t.clearSelection} title={t.clearSelection} onClick={clear} />
        <Text fw={600} className={classes.count}>
          {t.selectedCount(count)}
        </Text>
      </Group>
      <Button
        variant="subtle"
        loading={isReading}
        // Disabled would lose the focus.
        aria-disabled={isAll}
        {...(isAll && { 'data-disabled': true })}
        onClick={() => !isAll && selectAll()}
      >
        {t.selectAll(total)}
      </Button>
      <Group gap="xs" className={classes.actions}>
        {mayTag && <TagButtons onChoose={setDialog} />}
        {mayDelete && (
          <Button color="red" onClick={askDelete}>
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
  const isNarrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false })
  const button = useRef<HTMLButtonElement>(null)
  const kinds = [
    ['add', t.addTags],
    ['remove', t.removeTags],
  ] as const
  if (!isNarrow) {
    return kinds.map(([kind, label]) => (
      <Button key={kind} variant="default" onClick={() => onChoose(kind)}>
        {label}
      </Button>
    ))
  }
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button ref={button} variant="default" rightSection="▾">
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
