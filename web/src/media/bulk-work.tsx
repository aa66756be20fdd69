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
import { useView, WHOLE } from './view'

/** Time to undo a deletion before any request is sent. */
const UNDO_MS = 8000

/** How long the notification offers to take images out of the trash again. */
const UNTRASH_MS = 10_000

/** Id of the undo notification. All pending deletions share one. */
const UNDO = 'undo-delete'

interface Deletion {
  selection: Selection
  onUndo: () => void
}

export type BulkWork = ReturnType<typeof useBulkWork>

/** What progress and result of an action are called. */
const words = (kind: BulkAction['kind'], t: Messages) =>
  ({
    delete: { running: t.removing, done: t.removedMany },
    trash: { running: t.trashing, done: t.trashedMany },
    restore: { running: t.restoring, done: t.restoredMany },
    tags: { running: t.tagging, done: t.taggedMany },
    collections: { running: t.filing, done: t.filedMany },
  })[kind]

/** Whether an action takes images out of the view. */
const takesAway = ({ kind }: BulkAction) => kind === 'delete' || kind === 'trash'

/** Deletes, restores, tags and files many images, and reports progress and results in notifications. */
export function useBulkWork() {
  const { t } = useMessages()
  const client = useQueryClient()
  const signedIn = useSignedInAgain()
  const { setView } = useView()
  /** Images that are about to be deleted, or being deleted. */
  const [going, setGoing] = useState<readonly Selection[]>([])
  const [running, setRunning] = useState(0)
  const nextId = useRef(1)

  /** Takes the last images out of the trash again, while its notification is shown. */
  const untrash = useRef<() => void>(undefined)

  const run = async (selection: Selection, action: BulkAction, onUndo?: () => void) => {
    const id = `bulk-${nextId.current++}`
    const stop = new AbortController()
    const { running, done: told } = words(action.kind, t)
    const tell = (done: number, total: number, text = running(done, total)) => ({
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
      client.invalidateQueries({ queryKey: ['collections'] }),
    ]).catch(() => {})
    setRunning((count) => count - 1)
    notifications.hide(id)

    const { end, failures, failed } = result
    const succeeded = result.done - failures
    const lines = [
      ...(succeeded > 0 || !end ? [told(succeeded)] : []),
      ...(failures > 0 ? [t.failedMany(failures)] : []),
      ...(end && result.total > result.done ? [t.leftMany(result.total - result.done)] : []),
      ...(end && !stop.signal.aborted ? [explain(end.error, t)] : []),
    ]
    const isClean = failures === 0 && !end
    const isTrashed = action.kind === 'trash' && succeeded > 0
    const isFailed = new Set(failed.map((failure) => failure.id))
    /** Which images a search has moved to the trash is not known, so only named ones can be taken out. */
    const undoOne =
      isTrashed && selection.kind === 'some'
        ? async () => {
            notifications.hide(notice)
            focusBack()
            const names = new Map([...selection.names].filter(([one]) => !isFailed.has(one)))
            await start({ kind: 'some', names }, { kind: 'restore' })
            onUndo?.()
          }
        : undefined
    if (undoOne) untrash.current = undoOne
    const notice = notifications.show({
      autoClose: isClean ? (isTrashed ? UNTRASH_MS : 5000) : false,
      onClose: () => {
        if (untrash.current === undoOne) untrash.current = undefined
      },
      withBorder: true,
      ...(isClean ? {} : { color: 'red' }),
      closeButtonProps: { 'aria-label': t.close },
      message: (
        <ResultNotice
          lines={lines}
          {...(undoOne && { onUndo: undoOne })}
          {...(isTrashed && {
            onShowTrash: () => {
              notifications.hide(notice)
              void setView({ ...WHOLE, in: 'trash' }, { history: 'push' })
            },
          })}
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
              void start(end.rest, action, onUndo)
            },
          })}
        />
      ),
    })
  }

  /** Runs a change. While it deletes images, `going` contains them. */
  const start = async (selection: Selection, action: BulkAction, onUndo?: () => void) => {
    const isAway = takesAway(action)
    if (isAway) setGoing((list) => [...list.filter((gone) => gone !== selection), selection])
    await run(selection, action, onUndo)
    if (isAway) setGoing((list) => list.filter((gone) => gone !== selection))
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
  useUndoKey(() => (pending.current.length > 0 ? undo() : untrash.current?.()))

  /** Moves images to the trash at once. The notification offers to take them out again. */
  const trash = (selection: Selection, onUndo: () => void) =>
    start(selection, { kind: 'trash' }, onUndo)
  const restore = (selection: Selection) => start(selection, { kind: 'restore' })

  const retag = (selection: Selection, kind: TagDialogKind, tags: string[]) =>
    start(selection, { kind: 'tags', add: [], remove: [], [kind]: tags })

  /** @param add ids of collections */
  const file = (selection: Selection, add: number[], remove: number[]) =>
    start(selection, { kind: 'collections', add, remove })

  useAskBeforeUnload(() => running > 0 || going.length > 0)

  return { going, remove, trash, restore, retag, file }
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
