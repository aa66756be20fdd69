import { isHopeless, isOver, type NewUpload, newUpload, type Upload } from './upload'

/** Totals of all files in the list, updated with each change instead of computed from all files. */
export interface Summary {
  readonly total: number
  readonly waiting: number
  readonly running: number
  readonly added: number
  readonly failed: number
  readonly canceled: number
  /** Failed uploads that would fail again. */
  readonly hopeless: number
  /** Added files that the library already contained. */
  readonly duplicates: number
  /** Bytes of all files. */
  readonly bytes: number
  /** Bytes that have been sent, with all bytes of uploads that are over. */
  readonly settledBytes: number
}

type Key = number | 'list' | 'summary'

export type UploadStore = ReturnType<typeof createUploadStore>

/**
 * The list of uploads, kept outside of React. A change notifies only the listeners of that upload, so that
 * the progress of one file does not render hundreds of other rows again.
 */
export function createUploadStore() {
  const uploads = new Map<number, Upload>()
  const listeners = new Map<Key, Set<() => void>>()
  const counts = { waiting: 0, sending: 0, processing: 0, added: 0, failed: 0, canceled: 0 }
  let hopeless = 0
  let duplicates = 0
  let bytes = 0
  let settledBytes = 0
  let ids: readonly number[] = []
  let summary = summarize()
  let nextId = 1

  function summarize(): Summary {
    const { waiting, sending, processing, added, failed, canceled } = counts
    const total = uploads.size
    const running = sending + processing
    return {
      total,
      waiting,
      running,
      added,
      failed,
      canceled,
      hopeless,
      duplicates,
      bytes,
      settledBytes,
    }
  }

  /** Adds an upload to the totals, or subtracts it. */
  function count(upload: Upload, sign: 1 | -1) {
    counts[upload.state] += sign
    if (isHopeless(upload)) hopeless += sign
    if (upload.duplicateOf !== undefined) duplicates += sign
    bytes += sign * upload.file.size
    settledBytes += sign * (isOver(upload) ? upload.file.size : upload.sent)
  }

  function tell(...keys: Key[]) {
    summary = summarize()
    for (const key of [...keys, 'summary' as const]) {
      for (const listener of listeners.get(key) ?? []) listener()
    }
  }

  /** Failed uploads come first: the user has to act on them. */
  function order(): readonly number[] {
    const all = [...uploads.values()]
    const hasFailed = ({ state }: Upload) => state === 'failed'
    return [...all.filter(hasFailed), ...all.filter((one) => !hasFailed(one))].map(({ id }) => id)
  }

  function remove(isDone: (upload: Upload) => boolean) {
    for (const upload of uploads.values()) {
      if (!isDone(upload)) continue
      uploads.delete(upload.id)
      count(upload, -1)
    }
    ids = order()
    tell('list')
  }

  return {
    get: (id: number) => uploads.get(id),
    all: () => uploads.values(),
    getIds: () => ids,
    getSummary: () => summary,

    /** @returns a function that ends the subscription */
    subscribe: (key: Key, listener: () => void) => {
      const set = listeners.get(key) ?? new Set()
      listeners.set(key, set.add(listener))
      return () => {
        set.delete(listener)
        if (set.size === 0) listeners.delete(key)
      }
    },

    add: (files: readonly NewUpload[]): number[] => {
      const added = files.map((file) => newUpload(nextId++, file))
      for (const upload of added) {
        uploads.set(upload.id, upload)
        count(upload, 1)
      }
      ids = order()
      tell('list')
      return added.map(({ id }) => id)
    },

    change: (id: number, changes: Partial<Upload>) => {
      const upload = uploads.get(id)
      if (!upload) return
      const changed = { ...upload, ...changes }
      uploads.set(id, changed)
      count(upload, -1)
      count(changed, 1)
      if ((upload.state === 'failed') === (changed.state === 'failed')) return tell(id)
      ids = order()
      tell(id, 'list')
    },

    remove: (id: number) => remove((upload) => upload.id === id),
    /** Removes uploads that are neither waiting nor running. */
    clearOver: () => remove(isOver),
    /** Does the same, but keeps failed uploads that can be retried. */
    clearFinished: () =>
      remove((upload) => isOver(upload) && (upload.state !== 'failed' || isHopeless(upload))),
  }
}
