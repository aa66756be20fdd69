import { createHolds, type Hold } from './holds'
import { nameFiles, tagsFromFolders } from './name-files'
import type { Outcome, sendUpload } from './send-upload'
import { planTagging, type Retag } from './tag-sent'
import {
  type Failure,
  isHopeless,
  isOver,
  isRunning,
  type NewUpload,
  nameFromFile,
  type Upload,
} from './upload'
import { createUploadStore } from './upload-store'

/** Uploads at a time. The server processes only a few at once, and more would only take memory. */
const AT_ONCE = 3

/** Maximum number of tags of an item. The server refuses more. */
const MAX_TAGS = 64

/** Broken connections after which a file fails. Those while offline do not count. */
const MAX_BREAKS = 3

export interface QueueView {
  readonly hold: Hold | undefined
  readonly tags: readonly string[]
  /** Whether files are sent as soon as they are added. */
  readonly isAutomatic: boolean
}

interface QueueOptions {
  isAutomatic: boolean
  send: typeof sendUpload
  onAdded: () => void
  retag: Retag
  /** Called when uploaded files could not be tagged. */
  onNotTagged: (error: unknown) => void
  /** Called when a file comes into the queue, and when it is sent under its final name. */
  onWaiting?: (upload: Upload) => void
  /** Called when a file need not be sent any more. */
  onOver?: (upload: Upload) => void
  /** Called when the server no longer accepts the session. */
  onSessionOver: () => void
  /** Whether the server answers at all. */
  probe: () => Promise<boolean>
}

export type Uploads = ReturnType<typeof createQueue>

/** Uploads files to the library, a few at a time. Waits while the server cannot accept them. */
export function createQueue(options: QueueOptions) {
  const { isAutomatic, send, onAdded, retag, onNotTagged, onSessionOver, probe } = options
  const store = createUploadStore()
  const waiting = new Set<number>()
  const running = new Map<number, AbortController>()
  const breaks = new Map<number, number>()
  const listeners = new Set<() => void>()
  /** Id of the upload whose name is being edited. It is not sent under an unfinished name. */
  let edited: number | undefined
  /** Number of the current session, so that a late refusal of an earlier one is ignored. */
  let session = 0
  let view: QueueView = { hold: undefined, tags: [], isAutomatic }

  const show = (changes: Partial<QueueView>) => {
    view = { ...view, ...changes }
    for (const listener of listeners) listener()
  }
  const holds = createHolds({
    probe,
    onChange: () => {
      show({ hold: holds.first() })
      sendNext()
    },
  })
  holds.set('paused', !isAutomatic)

  function sendNext() {
    for (const id of waiting) {
      if (running.size >= AT_ONCE || holds.first()) return
      if (id !== edited) void run(id)
    }
    const isIdle = waiting.size === 0 && running.size === 0
    if (isIdle && !view.isAutomatic) holds.set('paused', true)
  }

  async function run(id: number) {
    const upload = store.get(id)
    waiting.delete(id)
    if (!upload) return
    const { file, link } = upload
    if (file.size === 0 && link === undefined) return fail(id, { kind: 'empty' })
    const name = upload.name.trim() || nameFromFile(file.name)
    const controller = new AbortController()
    const startedIn = session
    running.set(id, controller)
    const given = view.tags
    store.change(id, { name, given, state: 'sending', sent: 0 })
    const sending = store.get(id)
    if (sending) options.onWaiting?.(sending)
    const outcome = await send({
      file,
      link,
      name,
      tags: [...new Set([...upload.tags, ...given])].slice(0, MAX_TAGS),
      signal: controller.signal,
      onProgress: (share) => {
        const sent = Math.floor(file.size * share)
        if (share === 1) store.change(id, { sent, state: 'processing' })
        // Steps below one per cent are not visible.
        else if (sent - (store.get(id)?.sent ?? 0) >= file.size / 100) store.change(id, { sent })
      },
    })
    running.delete(id)
    await settle(id, file, outcome, startedIn)
    sendNext()
  }

  async function settle(id: number, file: File, outcome: Outcome, startedIn: number) {
    if (outcome.kind === 'added') {
      const { media, duplicateOf } = outcome
      store.change(id, { state: 'added', media, duplicateOf })
      tellOver(id)
      onAdded()
      void tagSent()
    } else if (outcome.kind === 'aborted') {
      store.change(id, { state: 'canceled', sent: 0 })
      tellOver(id)
    } else if (outcome.kind === 'refused') {
      const { detail, isFinal } = outcome
      fail(id, detail ? { kind: 'refused', detail, isFinal } : { kind: 'server-fault' })
    } else if (outcome.kind === 'too-large') {
      fail(id, { kind: 'too-large' })
    } else if (outcome.kind === 'session-over') {
      wait(id)
      if (startedIn !== session || holds.has('session')) return
      holds.set('session', true)
      onSessionOver()
    } else if (outcome.kind === 'busy') {
      wait(id)
      holds.waitWhileBusy(outcome.seconds)
    } else if (!(await isReadable(file))) {
      fail(id, { kind: 'unreadable' })
    } else if (holds.has('offline')) {
      wait(id)
    } else {
      const times = (breaks.get(id) ?? 0) + 1
      breaks.set(id, times)
      if (times >= MAX_BREAKS) fail(id, { kind: 'unreachable' })
      else wait(id)
      holds.waitForServer()
    }
  }

  let isTagging = false
  /** Updates the tags for all of items that were added before the tags changed. */
  async function tagSent() {
    if (isTagging) return
    isTagging = true
    try {
      for (let work = planTagging(store.all(), view.tags); work; ) {
        const given = view.tags
        await retag(work)
        for (const id of work.uploads) store.change(id, { given })
        onAdded()
        work = planTagging(store.all(), view.tags)
      }
    } catch (error) {
      onNotTagged(error)
    } finally {
      isTagging = false
    }
  }

  const fail = (id: number, failure: Failure) => {
    store.change(id, { state: 'failed', sent: 0, failure })
    const upload = store.get(id)
    if (upload && isHopeless(upload)) options.onOver?.(upload)
  }

  const tellOver = (id: number) => {
    const upload = store.get(id)
    if (upload) options.onOver?.(upload)
  }

  const enqueue = (uploads: readonly NewUpload[]) => {
    for (const id of store.add(uploads)) {
      waiting.add(id)
      const upload = store.get(id)
      if (upload) options.onWaiting?.(upload)
    }
    sendNext()
  }

  const wait = (id: number) => {
    store.change(id, { state: 'waiting', sent: 0, failure: undefined })
    waiting.add(id)
  }

  return {
    store,
    getView: () => view,
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    /**
     * @param foldersOf the folders of a file, outermost first
     * @param linkOf where the server fetches a file that is not here
     */
    add: (
      files: readonly File[],
      foldersOf: (file: File) => readonly string[] = () => [],
      linkOf: (file: File) => string | undefined = () => undefined,
    ) => {
      const taken = new Set<string>()
      for (const { state, name } of store.all()) {
        if (state !== 'failed' && state !== 'canceled') taken.add(name)
      }
      const names = nameFiles(files, foldersOf, (name) => taken.has(name))
      const named = files.map((file, index) => {
        const name = names[index] ?? nameFromFile(file.name)
        return { file, name, tags: tagsFromFolders(foldersOf(file)), link: linkOf(file) }
      })
      enqueue(named)
    },
    /** Takes uploads back into the queue that were in it before a reload of the page. */
    takeBack: enqueue,
    rename: (id: number, name: string) => store.change(id, { name }),
    /** Call when the name of an upload is being edited. */
    edit: (id: number) => {
      edited = id
    },
    endEdit: (id: number) => {
      if (edited !== id) return
      edited = undefined
      sendNext()
    },
    /** Splits pasted text with commas into several tags. */
    setTags: (tags: readonly string[]) => {
      const parts = tags.flatMap((tag) => tag.split(',')).map((tag) => tag.trim())
      show({ tags: [...new Set(parts.filter(Boolean))] })
      void tagSent()
    },
    setAutomatic: (automatic: boolean) => {
      show({ isAutomatic: automatic })
      holds.set('paused', !automatic)
    },
    /** Sends the waiting files. Until then, the user can name and tag them. */
    start: () => holds.set('paused', false),
    tryNow: holds.tryNow,
    cancel: (id: number) => {
      running.get(id)?.abort()
      if (waiting.delete(id)) {
        store.change(id, { state: 'canceled' })
        tellOver(id)
      }
      sendNext()
    },
    cancelAll: () => {
      for (const id of waiting) {
        store.change(id, { state: 'canceled' })
        tellOver(id)
      }
      waiting.clear()
      for (const controller of running.values()) controller.abort()
    },
    retry: (id: number) => {
      breaks.delete(id)
      wait(id)
      sendNext()
    },
    retryAll: () => {
      for (const upload of [...store.all()]) {
        if (upload.state === 'failed' && !isHopeless(upload)) wait(upload.id)
      }
      breaks.clear()
      sendNext()
    },
    dismiss: (id: number) => {
      tellOver(id)
      store.remove(id)
    },
    clearOver: () => {
      for (const upload of store.all()) if (isOver(upload)) options.onOver?.(upload)
      store.clearOver()
    },
    clearFinished: store.clearFinished,
    setOnline: (isOnline: boolean) => holds.set('offline', !isOnline),
    setSignedIn: (isSignedIn: boolean) => {
      if (isSignedIn && holds.has('session')) session++
      holds.set('session', !isSignedIn)
      if (isSignedIn) void tagSent()
    },
    isBusy: () => waiting.size > 0 || [...store.all()].some(isRunning),
  }
}

/** Whether a file can still be read. An upload of a changed or deleted file fails like a broken connection. */
const isReadable = (file: File) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )
