import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FindOptions, type FoundEntry, findFiles } from './find-files.ts'

export interface WatchedEntry extends FoundEntry {
  /** Differs after each change of the file or its sidecar. */
  state: string
}

export interface Watch {
  /**
   * The files of the folder, each once it and its sidecar are at rest and again after each change. Ends when the signal is
   * aborted.
   */
  files: AsyncGenerator<WatchedEntry>
  /** Makes `files` yield the file again. */
  again(entry: WatchedEntry): void
}

/** A part of the time that looking through a large folder may take. */
const MOST_OF_TIME = 0.1

interface Seen {
  state: string
  /** On the clock of `performance.now`. */
  since: number
  isGiven: boolean
}

/**
 * Watches a folder by looking through it again and again. Events of the system would be sooner, but they do not come from
 * network drives, where other machines put files.
 *
 * @param restMs for which a file must not have changed
 * @param pauseMs at least, from one look to the next
 * @param onFault gets the error of a look that failed, as while a drive is away. The next look may succeed
 */
export function watchFiles(
  root: Buffer,
  options: FindOptions,
  {
    restMs,
    pauseMs,
    signal,
    onFault,
  }: {
    restMs: number
    pauseMs: number
    signal: AbortSignal
    onFault: (error: unknown) => void
  },
): Watch {
  const seen = new Map<string, Seen>()
  return {
    files: lookAgainAndAgain(),
    again({ path }) {
      seen.delete(keyOf(path))
    },
  }

  async function* lookAgainAndAgain(): AsyncGenerator<WatchedEntry> {
    while (!signal.aborted) {
      const present = new Set<string>()
      /** Milliseconds of looking, without those in which the consumer has the file. */
      let looking = 0
      let from = performance.now()
      try {
        for await (const entry of findFiles(root, options)) {
          const state = await stateOf(entry)
          const now = performance.now()
          present.add(keyOf(entry.path))
          if (!isDue(entry, state, now)) continue
          looking += now - from
          yield { ...entry, state }
          if (signal.aborted) return
          from = performance.now()
        }
        // Files that are gone are forgotten.
        for (const key of seen.keys()) if (!present.has(key)) seen.delete(key)
      } catch (error) {
        onFault(error)
      }
      looking += performance.now() - from
      const pause = Math.max(pauseMs, looking / MOST_OF_TIME)
      await sleep(pause, undefined, { signal }).catch(() => {})
    }
  }

  function isDue({ path }: FoundEntry, state: string, now: number): boolean {
    const key = keyOf(path)
    const before = seen.get(key)
    if (before?.state !== state) {
      seen.set(key, { state, since: now, isGiven: false })
      return false
    }
    if (before.isGiven || now - before.since < restMs) return false
    before.isGiven = true
    return true
  }
}

/** What the system knows of a file and its sidecar; its error if that cannot be read. */
export async function stateOf({ path, sidecar, error }: FoundEntry): Promise<string> {
  if (error) return error.message
  const paths = sidecar ? [path, sidecar] : [path]
  try {
    const all = await Promise.all(paths.map((each) => stat(each)))
    return all.map(({ size, mtimeMs, ctimeMs, ino }) => [size, mtimeMs, ctimeMs, ino]).join(' ')
  } catch (cause) {
    return String(cause)
  }
}

const keyOf = (path: Buffer) => path.toString('latin1')
