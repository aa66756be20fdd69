import { isHopeless, isOver, type NewUpload, newUpload, type Upload } from './upload'

/** Of all files in the list, kept up to date without going through them. */
export interface Summary {
  readonly total: number
  readonly waiting: number
  readonly running: number
  readonly added: number
  readonly failed: number
  readonly canceled: number
  /** Of those that failed, how many did so for good. */
  readonly hopeless: number
  /** Of those that were added, how many the library had already. */
  readonly duplicates: number
  /** Bytes of all files, and of those what has left or is over. */
  readonly bytes: number
  readonly settledBytes: number
}

type Key = number | 'list' | 'summary'

export type UploadStore = ReturnType<typeof createUploadStore>

/**
 * The list of uploads, outside of React: a change of one tells those who look at that one, so that
 * hundreds of others are not drawn again for each piece of a file that has left.
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

  /** Adds what an upload contributes to the sums, or takes it away. */
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

  /** What failed comes first: somebody has to do something about it. */
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

    /** @returns a function that ends it */
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
    /** Takes out what is neither waiting nor under way. */
    clearOver: () => remove(isOver),
    /** The same, but for what failed and can be tried again. */
    clearFinished: () =>
      remove((upload) => isOver(upload) && (upload.state !== 'failed' || isHopeless(upload))),
  }
}
