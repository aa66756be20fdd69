import { ApiError } from '../api/client'
import { sendBulk } from './bulk-request'
import { countSelected, type Selection } from './selection'

/** More in one request are refused. */
const IDS_AT_ONCE = 10_000

/** What is done to each selected item. */
export type BulkAction = { kind: 'delete' } | { kind: 'tags'; add: string[]; remove: string[] }

/** What one request is about. */
export type BulkTarget = { ids: number[] } | { search: string; until: number; except: number[] }

export interface BulkFailure {
  id: number
  /** Undefined if nobody knows it any more. */
  name: string | undefined
  /** In the server's words. */
  reason: string
}

export interface BulkProgress {
  /** Items worked on, and those of them of which it failed. */
  done: number
  failures: number
  total: number
}

export interface BulkResult extends BulkProgress {
  /** Of each request the first thousand. */
  failed: BulkFailure[]
  /** If it ended early: why, and what was not touched. */
  end?: { error: unknown; rest: Selection }
}

interface BulkOptions {
  selection: Selection
  action: BulkAction
  signal: AbortSignal
  onProgress: (progress: BulkProgress) => void
  /** Resolves when somebody has signed in again; rejects with the signal. */
  signedIn: (signal: AbortSignal) => Promise<void>
}

/**
 * Does something to everything that is selected, request by request. A session that ends on the way
 * is waited for, and the work goes on where it was. Never rejects.
 */
export async function runBulk(options: BulkOptions): Promise<BulkResult> {
  const { selection, action, signal, onProgress, signedIn } = options
  const failed = new Map<number, BulkFailure>()
  let progress: BulkProgress = { done: 0, failures: 0, total: countSelected(selection) }
  const queue = planTargets(selection)
  /** Where the first of the queue began. */
  let before = progress
  const update = (next: BulkProgress) => {
    progress = next
    onProgress(progress)
  }

  const workOn = async (target: BulkTarget) => {
    before = progress
    let gone = 0
    const last = await sendBulk(action, target, signal, ({ done, failures, total }) =>
      update({
        done: before.done + done + failures,
        failures: before.failures + failures,
        total: 'search' in target && total !== undefined ? before.done + total : progress.total,
      }),
    )
    for (const { id, name, code, data, detail } of last.failed ?? []) {
      // Somebody else was faster: what was wanted is so.
      if (action.kind === 'delete' && code === 404) gone += 1
      else failed.set(id, { id, name: name ?? nameIn(selection, id), reason: detail ?? data })
    }
    update({ ...progress, failures: progress.failures - gone })
    if (last.code !== 200) throw new ApiError(last.code ?? 500, last.data ?? '', last.detail)
  }

  for (;;) {
    try {
      for (let target = queue[0]; target; target = queue[0]) {
        await workOn(target)
        queue.shift()
      }
      return { ...progress, failed: [...failed.values()] }
    } catch (error) {
      // Ids are worked on in the order they are sent.
      const [target] = queue
      if (target && 'ids' in target) {
        target.ids = target.ids.slice(progress.done - before.done)
        if (target.ids.length === 0) queue.shift()
      }
      try {
        if (!(error instanceof ApiError && error.status === 401)) throw error
        await signedIn(signal)
        if (target && 'search' in target) progress = before
      } catch {
        const rest = restOf(selection, queue)
        return { ...progress, failed: [...failed.values()], end: { error, rest } }
      }
    }
  }
}

function planTargets(selection: Selection): BulkTarget[] {
  if (selection.kind === 'all') {
    const { search, until, except } = selection
    return [{ search, until, except: [...except.keys()] }]
  }
  const ids = [...selection.names.keys()].sort((a, b) => a - b)
  return Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, index) => ({
    ids: ids.slice(index * IDS_AT_ONCE, (index + 1) * IDS_AT_ONCE),
  }))
}

function restOf(selection: Selection, queue: readonly BulkTarget[]): Selection {
  const names = new Map<number, string>()
  for (const target of queue) {
    if ('search' in target) return selection
    for (const id of target.ids) names.set(id, nameIn(selection, id) ?? '')
  }
  return { kind: 'some', names }
}

const nameIn = (selection: Selection, id: number): string | undefined =>
  selection.kind === 'some' ? selection.names.get(id) : undefined
