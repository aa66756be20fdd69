import { ApiError } from '../api/client'
import { type BulkAction, type BulkTarget, sendBulk } from './bulk-request'
import { countSelected, type Selection } from './selection'

/** Ids per request. The server refuses more. */
const IDS_AT_ONCE = 10_000

export interface BulkFailure {
  id: number
  /** Undefined if neither the server nor the selection knows it. */
  name: string | undefined
  /** The reason that the server gave. */
  reason: string
}

export interface BulkProgress {
  /** Items processed, including those that failed. */
  done: number
  failures: number
  total: number
}

export interface BulkResult extends BulkProgress {
  /** At most the first thousand failures of each request. */
  failed: BulkFailure[]
  /** Set if the work ended early: the error, and the items that were not processed. */
  end?: { error: unknown; rest: Selection }
}

interface BulkOptions {
  selection: Selection
  action: BulkAction
  signal: AbortSignal
  onProgress: (progress: BulkProgress) => void
  /** Waits for a new sign-in. Rejects when the signal is aborted. */
  signedIn: (signal: AbortSignal) => Promise<void>
}

/**
 * Changes all selected items, one request after the other. If the session ends meanwhile, it waits for a
 * new sign-in and then continues where it stopped. Never rejects.
 */
export async function runBulk(options: BulkOptions): Promise<BulkResult> {
  const { selection, action, signal, onProgress, signedIn } = options
  const failed = new Map<number, BulkFailure>()
  let progress: BulkProgress = { done: 0, failures: 0, total: countSelected(selection) }
  const queue = planTargets(selection)
  /** Progress at the start of the first target in the queue. */
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
      // Another user has already deleted the item, which is the wanted result.
      if ((action.kind === 'delete' || action.kind === 'trash') && code === 404) gone += 1
      else failed.set(id, { id, name: name ?? nameIn(selection, id), reason: detail ?? data })
    }
    update({ ...progress, failures: progress.failures - gone })
    if (last.code !== 200) throw new ApiError(last.code ?? 500, last.data ?? '', last)
  }

  for (;;) {
    try {
      for (let target = queue[0]; target; target = queue[0]) {
        await workOn(target)
        queue.shift()
      }
      return { ...progress, failed: [...failed.values()] }
    } catch (error) {
      // The server processes ids in the order of the request.
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
    const { search, until, except, filters } = selection
    const given = Object.fromEntries(new URLSearchParams(filters))
    return [{ search, filters: given, until, except: [...except.keys()] }]
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
