import { modals } from '@mantine/modals'
import { notifications } from '@mantine/notifications'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../api/client'
import { useMessages } from '../messages/messages'
import { useSignedInAgain } from '../session/session'
import { type BulkAction, runBulk } from './bulk'
import { FailureList, ProgressNotice, ResultNotice, UndoNotice } from './bulk-notices'
import { focusGrid } from './grid-focus'
import { countSelected, type Selection } from './selection'
import type { TagDialogKind } from './tag-dialog'

/** How long a deletion can be taken back before anything is sent. */
const UNDO_MS = 8000

export type BulkWork = ReturnType<typeof useBulkWork>

/** Work on many images, told of in notifications. */
export function useBulkWork({ onUndo }: { onUndo: (selection: Selection) => void }) {
  const { t } = useMessages()
  const client = useQueryClient()
  const signedIn = useSignedInAgain()
  /** What is about to be deleted or being so. */
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
      // Read out at each step it would drown everything else.
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

  /** Shows what is being deleted as going for as long as it is. */
  const start = async (selection: Selection, action: BulkAction) => {
    const isDelete = action.kind === 'delete'
    if (isDelete) setGoing((list) => [...list.filter((gone) => gone !== selection), selection])
    await run(selection, action)
    if (isDelete) setGoing((list) => list.filter((gone) => gone !== selection))
  }

  const remove = (selection: Selection) => {
    const id = `bulk-${nextId.current++}`
    setGoing((list) => [...list, selection])
    const hide = () => {
      if (document.getElementById(id)?.contains(document.activeElement)) focusGrid()
      notifications.hide(id)
    }
    const timer = setTimeout(() => {
      hide()
      void start(selection, { kind: 'delete' })
    }, UNDO_MS)
    const undo = () => {
      clearTimeout(timer)
      hide()
      setGoing((list) => list.filter((gone) => gone !== selection))
      onUndo(selection)
    }
    notifications.show({
      id,
      autoClose: false,
      withCloseButton: false,
      withBorder: true,
      allowClose: false,
      color: 'red',
      message: (
        <UndoNotice id={id} count={countSelected(selection)} lasts={UNDO_MS} onUndo={undo} />
      ),
    })
  }

  const retag = (selection: Selection, kind: TagDialogKind, tags: string[]) =>
    start(selection, { kind: 'tags', add: [], remove: [], [kind]: tags })

  const isBusy = running > 0 || going.length > 0
  useEffect(() => {
    if (!isBusy) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isBusy])

  return { going, remove, retag }
}

function explain(error: unknown, t: ReturnType<typeof useMessages>['t']): string {
  if (!(error instanceof ApiError)) return t.unreachable
  if (error.status === 403) return t.forbidden
  if (error.status < 500 || error.status === 503) return error.detail ?? error.message
  return t.serverFault
}
