import { createHolds, type Hold } from './holds'
import type { Outcome, sendUpload } from './send-upload'
import { type Failure, isRunning, nameFromFile } from './upload'
import { createUploadStore } from './upload-store'

/** At a time; the server works on few at once, and more would only take memory. */
const AT_ONCE = 3

/** Times that a file may break its connection while the server can be reached. */
const MAX_BREAKS = 3

export interface QueueView {
  readonly hold: Hold | undefined
  readonly tags: readonly string[]
  /** Whether files are sent as soon as they are there. */
  readonly isAutomatic: boolean
}

interface QueueOptions {
  isAutomatic: boolean
  send: typeof sendUpload
  onAdded: () => void
  /** The server does not know the session any more. */
  onSessionOver: () => void
  /** Whether the server answers at all. */
  probe: () => Promise<boolean>
}

export type Uploads = ReturnType<typeof createQueue>

/** Sends files to the library, a few at a time, and waits where waiting helps. */
export function createQueue(options: QueueOptions) {
  const { isAutomatic, send, onAdded, onSessionOver, probe } = options
  const store = createUploadStore()
  const waiting = new Set<number>()
  const running = new Map<number, AbortController>()
  const breaks = new Map<number, number>()
  const listeners = new Set<() => void>()
  /** Its name is being typed: it is not sent under half of one. */
  let edited: number | undefined
  /** Counts the sessions: what an earlier one was refused says nothing of this one. */
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
    const { file } = upload
    if (file.size === 0) return fail(id, { kind: 'empty' })
    const name = upload.name.trim() || nameFromFile(file.name)
    const controller = new AbortController()
    const startedIn = session
    running.set(id, controller)
    store.change(id, { name, state: 'sending', sent: 0 })
    const outcome = await send({
      file,
      name,
      tags: view.tags,
      signal: controller.signal,
      onProgress: (share) => {
        const sent = Math.floor(file.size * share)
        if (share === 1) store.change(id, { sent, state: 'processing' })
        // Finer than a hundredth nobody sees.
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
      onAdded()
    } else if (outcome.kind === 'aborted') {
      store.change(id, { state: 'canceled', sent: 0 })
    } else if (outcome.kind === 'refused') {
      const { detail } = outcome
      fail(id, detail ? { kind: 'refused', detail } : { kind: 'server-fault' })
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

  const fail = (id: number, failure: Failure) =>
    store.change(id, { state: 'failed', sent: 0, failure })

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
    add: (files: readonly File[]) => {
      const named = files.map((file) => ({ file, name: nameFromFile(file.name) }))
      for (const id of store.add(named)) waiting.add(id)
      sendNext()
    },
    rename: (id: number, name: string) => store.change(id, { name }),
    /** Says whose name is being typed. */
    edit: (id: number) => {
      edited = id
    },
    endEdit: (id: number) => {
      if (edited !== id) return
      edited = undefined
      sendNext()
    },
    /** What is pasted with commas is several. */
    setTags: (tags: readonly string[]) => {
      const parts = tags.flatMap((tag) => tag.split(',')).map((tag) => tag.trim())
      show({ tags: [...new Set(parts.filter(Boolean))] })
    },
    setAutomatic: (automatic: boolean) => {
      show({ isAutomatic: automatic })
      holds.set('paused', !automatic)
    },
    /** Sends what waits; until then it can be named and tagged in peace. */
    start: () => holds.set('paused', false),
    tryNow: holds.tryNow,
    cancel: (id: number) => {
      running.get(id)?.abort()
      if (waiting.delete(id)) store.change(id, { state: 'canceled' })
      sendNext()
    },
    cancelAll: () => {
      for (const id of waiting) store.change(id, { state: 'canceled' })
      waiting.clear()
      for (const controller of running.values()) controller.abort()
    },
    retry: (id: number) => {
      breaks.delete(id)
      wait(id)
      sendNext()
    },
    retryAll: () => {
      for (const upload of store.all()) if (upload.state === 'failed') wait(upload.id)
      breaks.clear()
      sendNext()
    },
    clearOver: store.clearOver,
    clearFinished: store.clearFinished,
    setOnline: (isOnline: boolean) => holds.set('offline', !isOnline),
    setSignedIn: (isSignedIn: boolean) => {
      if (isSignedIn && holds.has('session')) session++
      holds.set('session', !isSignedIn)
    },
    isBusy: () => waiting.size > 0 || [...store.all()].some(isRunning),
  }
}

/** A file that was changed or taken away since it was chosen looks like a broken connection. */
const isReadable = (file: File) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )
