/** A file that waits in the upload queue, as the browser keeps it over a reload of the page. */
export interface KeptFile {
  key: string
  /** Id of the account whose queue it is in. */
  user: string
  file: File
  name: string
  tags: readonly string[]
  /** Milliseconds since 1970. */
  since: number
}

/** The server forgets what arrived after a day. */
const MAX_AGE_MS = 24 * 3600 * 1000
const STORE = 'files'

export type KeptFiles = ReturnType<typeof createKeptFiles>

/** Removes all that earlier pages kept, as when a user signs out of a computer that others use too. */
export async function clearKeptFiles(): Promise<void> {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('tus::')) localStorage.removeItem(key)
  }
  await run('readwrite', (store) => store.clear())
}

async function run<T>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open('vitrine-uploads', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'key' })
  const database = await settled(opening)
  try {
    return await settled(ask(database.transaction(STORE, mode).objectStore(STORE)))
  } finally {
    database.close()
  }
}

const settled = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

/**
 * Keeps files in the browser's database. Each page holds a lock for those of its own queue, so that no second page takes them
 * back. Without locks, as over plain HTTP, nothing is kept.
 */
export function createKeptFiles() {
  const releases = new Map<string, () => void>()

  /** @returns whether this page has the file now */
  const hold = (key: string): Promise<boolean> => {
    if (releases.has(key)) return Promise.resolve(true)
    const held = Promise.withResolvers<boolean>()
    const over = Promise.withResolvers<void>()
    void navigator.locks.request(`vitrine-upload-${key}`, { ifAvailable: true }, (lock) => {
      held.resolve(lock !== null)
      if (lock === null) return
      releases.set(key, over.resolve)
      return over.promise
    })
    return held.promise
  }

  return {
    /** Keeps a file, or its later name and tags. Does nothing where the browser cannot, or has no room. */
    async keep(kept: Omit<KeptFile, 'since'>): Promise<void> {
      if (!('locks' in navigator)) return
      try {
        if (await hold(kept.key))
          await run('readwrite', (store) => store.put({ ...kept, since: Date.now() }))
      } catch {
        // The upload itself does not need it.
      }
    },
    async forget(key: string): Promise<void> {
      if (!releases.has(key)) return
      await run('readwrite', (store) => store.delete(key)).catch(() => {})
      releases.get(key)?.()
      releases.delete(key)
    },
    /** The files that an earlier page of this account had, and no page has now. */
    async takeBack(user: string): Promise<KeptFile[]> {
      if (!('locks' in navigator)) return []
      try {
        const all: KeptFile[] = await run('readonly', (store) => store.getAll())
        const taken: KeptFile[] = []
        for (const kept of all) {
          if (kept.since < Date.now() - MAX_AGE_MS)
            await run('readwrite', (store) => store.delete(kept.key))
          else if (kept.user === user && !releases.has(kept.key) && (await hold(kept.key)))
            taken.push(kept)
        }
        return taken
      } catch {
        return []
      }
    },
  }
}
