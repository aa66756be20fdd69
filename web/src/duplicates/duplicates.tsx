import { Alert, Button, Group as Row, SegmentedControl, Text } from '@mantine/core'
import { useWindowEvent } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../api/client'
import { useAskBeforeUnload } from '../ask-before-unload'
import { KeyList } from '../key-list'
import { explainRefusal } from '../media/item-edit'
import { Message } from '../media/message'
import { isCovered } from '../media/shortcuts'
import { useDeskMessages } from '../messages/desk'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { ScreenHeader } from '../screen-header'
import { usePermission, useTrash } from '../session/session'
import { WaitingScreen } from '../waiting'
import { chooseBest } from './choose-best'
import { Comparison } from './comparison'
import classes from './duplicates.module.css'
import { type Merged, mergeInto, undoMerge } from './merge'
import { KINDS, type Kind, useGroups } from './use-groups'

/** How long a notification offers to undo a merge, in milliseconds. The key does so longer. */
const UNDO_MS = 12_000

interface DuplicatesProps {
  onOpen: (id: number) => void
}

/** Goes through the groups of duplicates: keep one image of each, merge the others into it. */
export function Duplicates({ onOpen }: DuplicatesProps) {
  const [kind, setKind] = useQueryState('kind', parseAsStringLiteral(KINDS).withDefault('exact'))
  return (
    <Groups
      key={kind}
      kind={kind}
      onKind={(chosen) => void setKind(chosen, { history: 'push' })}
      onOpen={onOpen}
    />
  )
}

interface GroupsProps extends DuplicatesProps {
  kind: Kind
  onKind: (kind: Kind) => void
}

/** What the user has chosen in the group that is shown. */
interface Choice {
  key: string
  chosen?: number
  left: ReadonlySet<number>
}

function Groups({ kind, onKind, onOpen }: GroupsProps) {
  const { t } = useMessages()
  const d = useDeskMessages()
  const client = useQueryClient()
  const groups = useGroups(kind)
  const { group, fate, total, isEnd, error } = groups
  const hasTrash = useTrash() === true
  const [mayEdit, mayDelete] = [usePermission('edit-media'), usePermission('delete-media')]
  const mayMerge = mayEdit && mayDelete && hasTrash

  const [choice, setChoice] = useState<Choice>({ key: '', left: new Set() })
  const [isBusy, setIsBusy] = useState(false)
  const [refusal, setRefusal] = useState<{ key: string; text: string }>()
  /** The merges that can be undone, the last one last. */
  const undoable = useRef<{ key: string; merged: Merged; notice: string }[]>([])
  const main = useRef<HTMLElement>(null)
  const isMounted = useRef(true)
  useEffect(() => {
    isMounted.current = true
    return () => {
      isMounted.current = false
      // The library shows what was merged here.
      void client.invalidateQueries({ queryKey: ['media'] })
    }
  }, [client])
  useAskBeforeUnload(() => isBusy)

  const media = group?.media ?? []
  const { chosen, left } =
    choice.key === group?.key ? choice : { chosen: undefined, left: new Set<number>() }
  const best = chooseBest(media)
  const kept = chosen ?? best
  const others = media.filter(({ id }) => id !== kept && !left.has(id))
  const choose = (id: number) => {
    if (!group) return
    const stays = new Set(left)
    stays.delete(id)
    setChoice({ key: group.key, chosen: id, left: stays })
  }
  const leave = (id: number, isLeft: boolean) => {
    if (!group) return
    const changed = new Set(left)
    if (isLeft) changed.add(id)
    else changed.delete(id)
    setChoice({ key: group.key, ...(kept !== undefined && { chosen: kept }), left: changed })
  }

  const explain = (fault: unknown) => explainRefusal(fault, t) ?? t.sessionOver
  const undo = async (key: string) => {
    const entry = undoable.current.find((one) => one.key === key)
    if (!entry) return
    undoable.current = undoable.current.filter((one) => one !== entry)
    notifications.hide(entry.notice)
    try {
      const isWhole = await undoMerge(entry.merged)
      notify(isWhole ? d.undone : d.undonePartly, { color: isWhole ? 'green' : 'orange' })
      if (isMounted.current) groups.reopen(key)
    } catch (fault) {
      if (fault instanceof ApiError && fault.status === 401) signOut(fault)
      undoable.current = [...undoable.current, entry]
      notify(`${d.notUndone} ${explain(fault)}`, { color: 'red', autoClose: false })
    }
    void client.invalidateQueries({ queryKey: ['media'] })
  }
  const signOut = (_fault: ApiError) => void client.invalidateQueries({ queryKey: ['session'] })

  const merge = async () => {
    if (!group || kept === undefined || others.length === 0 || isBusy || !mayMerge) return
    if (fate === 'merged' || fate === 'gone') return
    const { key } = group
    setIsBusy(true)
    setRefusal(undefined)
    try {
      const merged = await mergeInto(
        kept,
        others.map(({ id }) => id),
      )
      const notice = notifications.show({
        autoClose: UNDO_MS,
        withBorder: true,
        closeButtonProps: { 'aria-label': t.close },
        message: (
          <Row justify="space-between" wrap="nowrap">
            <Text size="sm">{d.merged(merged.ids.length, merged.after.name)}</Text>
            <Button size="compact-sm" onClick={() => void undo(key)}>
              {d.undo}
            </Button>
          </Row>
        ),
      })
      undoable.current = [...undoable.current, { key, merged, notice }]
      groups.settle(key, 'merged')
    } catch (fault) {
      if (fault instanceof ApiError && fault.status === 401) signOut(fault)
      if (fault instanceof ApiError && fault.code === 'media-not-found') {
        notify(d.groupGone, { color: 'orange' })
        groups.settle(key, 'gone')
      } else {
        setRefusal({ key, text: explain(fault) })
      }
    } finally {
      setIsBusy(false)
    }
  }
  const skip = () => {
    if (!group || isBusy) return
    if (fate === undefined) groups.settle(group.key, 'skipped')
    else groups.forward()
  }
  const step = (by: 1 | -1) => {
    const at = media.findIndex(({ id }) => id === kept)
    const next = media[at + by]
    if (next) choose(next.id)
  }
  useWindowEvent('keydown', (event) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey, isComposing, target } = event
    if (isComposing || altKey || shiftKey || isCovered() || !(target instanceof Element)) return
    if (ctrlKey || metaKey) {
      const last = undoable.current.at(-1)
      if (key.toLowerCase() !== 'z' || !last) return
      event.preventDefault()
      void undo(last.key)
      return
    }
    const isOnControl = target.closest('button, a, input, select, textarea') !== null
    const isOnInput = target.closest('input, select, textarea') !== null
    const nth = /^[1-9]$/.test(key) ? media[Number(key) - 1] : undefined
    if (nth) choose(nth.id)
    else if (key === 'Enter' && !isOnControl) void merge()
    else if (key.toLowerCase() === 's') skip()
    else if (key === 'Backspace') groups.back()
    else if (key === 'ArrowLeft' && !isOnInput) step(-1)
    else if (key === 'ArrowRight' && !isOnInput) step(1)
    else return
    event.preventDefault()
  })
  // Enter merges at once; a button that has gone would leave the focus nowhere.
  const shownKey = group?.key
  useEffect(() => {
    if (shownKey !== undefined && document.activeElement === document.body) {
      main.current?.focus({ preventScroll: true })
    }
  }, [shownKey])

  const undoHere = group && undoable.current.some(({ key }) => key === group.key)
  const isDecided = fate === 'merged' || fate === 'gone'
  const isApple = /Mac|iP(hone|ad)/.test(navigator.userAgent)
  return (
    <>
      <ScreenHeader
        screen="duplicates"
        progress={
          groups.merged + groups.skipped > 0 ? d.counts(groups.merged, groups.skipped) : undefined
        }
      >
        <SegmentedControl
          className={classes.kinds}
          size="sm"
          transitionDuration={0}
          aria-label={d.kind}
          value={kind}
          onChange={onKind}
          data={KINDS.map((value) => ({ value, label: d[value] }))}
        />
      </ScreenHeader>
      <main className={classes.main} ref={main} tabIndex={-1}>
        {group ? (
          <>
            <div className={classes.scrolled}>
              <Text fw={600} role="status">
                {d.groupOf(groups.place + 1, total)} · {d.images(group.count)}
              </Text>
              <Text size="sm" c="dimmed" mb="xs" visibleFrom="sm">
                {d.duplicatesHint}
              </Text>
              {group.count > media.length && (
                <Text size="sm" mb="xs">
                  {d.shownOf(media.length, group.count)}
                </Text>
              )}
              {fate !== undefined && (
                <Alert color="gray" mb="sm">
                  <Row gap="sm">
                    <Text size="sm">
                      {fate === 'merged'
                        ? d.mergedAlready
                        : fate === 'skipped'
                          ? d.skippedAlready
                          : d.groupGone}
                    </Text>
                    {undoHere && (
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => void undo(group.key)}
                      >
                        {d.undo}
                      </Button>
                    )}
                  </Row>
                </Alert>
              )}
              <Comparison
                key={group.key}
                items={media}
                best={best}
                kept={kept}
                left={left}
                isReadOnly={!mayMerge || isDecided}
                onChoose={choose}
                onLeave={leave}
                onOpen={onOpen}
              />
            </div>
            <footer className={classes.actions}>
              {refusal?.key === group.key && (
                <Alert color="red" role="alert" className={classes.refusal}>
                  {refusal.text}
                </Alert>
              )}
              {mayMerge ? (
                <Button
                  onClick={merge}
                  loading={isBusy}
                  disabled={others.length === 0 || isDecided}
                >
                  {d.merge(others.length)}
                </Button>
              ) : (
                <Text size="sm">{d.mayNotMerge}</Text>
              )}
              <Button variant="default" onClick={skip}>
                {d.notDuplicates}
              </Button>
              <Button variant="default" onClick={groups.back} disabled={!groups.canGoBack}>
                {d.previousGroup}
              </Button>
              <KeyList
                className={classes.keys}
                ways={[
                  [d.keyMerge, [d.key.enter]],
                  [d.keySkip, ['S']],
                  [d.keyChoose, ['1–9']],
                  [d.keyBack, [d.key.backspace]],
                  [d.keyUndo, [isApple ? '⌘' : d.key.control, 'Z']],
                ]}
              />
            </footer>
          </>
        ) : error !== null && error !== undefined && !isEnd ? (
          <Message
            title={t.notListed}
            text={explain(error)}
            action={t.tryAgain}
            onAction={groups.retry}
          />
        ) : !isEnd ? (
          <WaitingScreen onRetry={groups.retry} />
        ) : (
          <Message
            title={total === 0 ? (kind === 'exact' ? d.noExact : d.noNear) : d.allSeen}
            {...(total > 0 && { text: d.counts(groups.merged, groups.skipped) })}
            action={total > 0 ? d.previousGroup : d.lookAgain}
            onAction={total > 0 ? groups.back : groups.lookAgain}
          />
        )}
      </main>
    </>
  )
}
