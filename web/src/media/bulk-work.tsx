import { modals } from '@mantine/modals'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { ApiError } from '../api/client'
import { useAskBeforeUnload } from '../ask-before-unload'
import type { Messages } from '../messages/en'
import { useMessages } from '../messages/messages'
import { useSignedInAgain } from '../session/session'
import { runBulk } from './bulk'
import { FailureList, ProgressNotice, ResultNotice, UndoNotice } from './bulk-notices'
import type { BulkAction } from './bulk-request'
import { focusBack } from './grid-focus'
import { countSelected, type Selection, unite } from './selection'
import { useUndoKey } from './shortcuts'
import type { TagDialogKind } from './tag-dialog'

/** Time to undo a deletion before any request is sent. */
const UNDO_MS = 8000

/** Id of the undo notification. All pending deletions share one. */
const UNDO = 'undo-delete'

interface Deletion {
  selection: Selection
  onUndo: () => void
}

export type BulkWork = ReturnType<typeof useBulkWork>

/** Deletes and tags many images, and reports progress and results in notifications. */
export function useBulkWork() {
  const { t } = useMessages()
  const client = useQueryClient()
  const signedIn = useSignedInAgain()
  /** Images that are about to be deleted, or being deleted. */
  const [going, setGoing] = useState<readonly Selection[]>([])
  const [running, setRunning] = useState(0)
  const nextId = useRef(1)

  const run = async (selection: Selection, action: BulkAction) => {
    const id = `bulk-${nextId.current++}`
    const stop = new AbortController()
    const isDelete = action.kind === 'delete'
    const words = isDelete ? t.removing : t.tagging
    const tell = (done: number, total: number, text = words(done, total)) => ({
      id,
      autoClose: false as const,
      withCloseButton: false,
      withBorder: true,
      // As a live region, it would be read out at each step.
      role: 'group',
      message: <ProgressNotice text={text} done={done} total={total} onStop={() => stop.abort()} />,
    })
    let last = { done: 0, total: countSelected(selection) }
    notifications.show(tell(last.done, last.total))
    setRunning((count) => count + 1)
    const result = await runBulk({
      selection,
      action,
      signal: stop.signal,
      onProgress: (progress) => {
        last = progress
        notifications.update(tell(progress.done, progress.total))
      },
      signedIn: async (signal) => {
        notifications.update(tell(last.done, last.total, t.waitingForSignIn))
        await signedIn(signal)
        notifications.update(tell(last.done, last.total))
      },
    })
    await Promise.all([
      client.invalidateQueries({ queryKey: ['media'] }),
      client.invalidateQueries({ queryKey: ['tags'] }),
    ]).catch(() => {})
    setRunning((count) => count - 1)
    notifications.hide(id)

    const { end, failures, failed } = result
    const succeeded = result.done - failures
    const lines = [
      ...(succeeded > 0 || !end ? [(isDelete ? t.removedMany : t.taggedMany)(succeeded)] : []),
      ...(failures > 0 ? [t.failedMany(failures)] : []),
      ...(end && result.total > result.done ? [t.leftMany(result.total - result.done)] : []),
      ...(end && !stop.signal.aborted ? [explain(end.error, t)] : []),
    ]
    const isClean = failures === 0 && !end
    const notice = notifications.show({
      autoClose: isClean ? 5000 : false,
      withBorder: true,
      ...(isClean ? {} : { color: 'red' }),
      closeButtonProps: { 'aria-label': t.close },
      message: (
        <ResultNotice
          lines={lines}
          {...(failures > 0 && {
            onDetails: () =>
              modals.open({
                title: t.failedMany(failures),
                closeButtonProps: { 'aria-label': t.close },
                children: <FailureList failed={failed} failures={failures} />,
              }),
          })}
          {...(end && {
            onRetry: () => {
              notifications.hide(notice)
              void start(end.rest, action)
            },
          })}
        />
      ),
    })
  }

  /** Runs a change. While it deletes images, `going` contains them. */
  const start = async (selection: Selection, action: BulkAction) => {
    const isDelete = action.kind === 'delete'
    if (isDelete) setGoing((list) => [...list.filter((gone) => gone !== selection), selection])
    await run(selection, action)
    if (isDelete) setGoing((list) => list.filter((gone) => gone !== selection))
  }

  /** Deletions that can still be undone, all at once. A further deletion joins them. */
  const pending = useRef<Deletion[]>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  /** Ends the time to undo. @returns the deletions that were pending */
  const takePending = (): Deletion[] => {
    clearTimeout(timer.current)
    if (document.getElementById(UNDO)?.contains(document.activeElement)) focusBack()
    notifications.hide(UNDO)
    const taken = pending.current
    pending.current = []
    const gone = taken.map(({ selection }) => selection)
    setGoing((list) => list.filter((selection) => !gone.includes(selection)))
    return taken
  }
  const undo = () => {
    for (const { onUndo } of takePending()) onUndo()
  }
  const removePending = () => {
    const taken = takePending()
    for (const selection of unite(taken.map(({ selection }) => selection))) {
      void start(selection, { kind: 'delete' })
    }
  }
  /** Deletes images after the time to undo has passed. */
  const remove = (selection: Selection, onUndo: () => void) => {
    pending.current = [...pending.current, { selection, onUndo }]
    setGoing((list) => [...list, selection])
    clearTimeout(timer.current)
    timer.current = setTimeout(removePending, UNDO_MS)
    const notice = {
      id: UNDO,
      autoClose: false as const,
      withCloseButton: false,
      withBorder: true,
      allowClose: false,
      color: 'red',
      message: (
        <UndoNotice
          // A new key restarts the countdown.
          key={nextId.current++}
          id={UNDO}
          text={tellPending(pending.current, t)}
          lasts={UNDO_MS}
          onUndo={undo}
        />
      ),
    }
    notifications.update(notice)
    notifications.show(notice)
  }
  useUndoKey(() => pending.current.length > 0 && undo())

  const retag = (selection: Selection, kind: TagDialogKind, tags: string[]) =>
    start(selection, { kind: 'tags', add: [], remove: [], [kind]: tags })

  useAskBeforeUnload(() => running > 0 || going.length > 0)

  return { going, remove, retag }
}

function tellPending(pending: readonly Deletion[], t: Messages): string {
  const selections = unite(pending.map(({ selection }) => selection))
  const [only] = selections
  const count = selections.reduce((sum, selection) => sum + countSelected(selection), 0)
  if (count !== 1 || only?.kind !== 'some') return t.aboutToRemove(count)
  const [name = ''] = only.names.values()
  return t.aboutToRemoveNamed(name)
}

function explain(error: unknown, t: Messages): string {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 403) return t.forbidden
  if (error.status < 500 || error.status === 503) return error.detail ?? error.message
  return t.serverFault
}
