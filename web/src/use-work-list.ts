import { useEffect, useRef, useState } from 'react'
import { mayPass } from './session/query-client'
import { useSession } from './session/session'

/** Interval at which a failed part is requested again, in milliseconds. */
const RETRY_MS = 10_000

interface Part<Entry> {
  entries: readonly Entry[]
  /** How many there are on the server. */
  total: number
}

interface WorkListOptions<Entry> {
  /** Reads a part of what the server lists. */
  load: (offset: number, signal: AbortSignal) => Promise<Part<Entry>>
  keyOf: (entry: Entry) => string | number
  /** Whether the server still lists a known entry. */
  isListed: (entry: Entry) => boolean
}

interface State<Entry> {
  entries: readonly Entry[]
  /** Undefined until the first answer. */
  total?: number
  /** Whether the server lists nothing else. */
  isEnd: boolean
  error: unknown
}

/**
 * Works through a list of the server. An entry leaves that list once it is done, by this user or by another. Entries that were
 * read keep their place here, and new ones are appended. Before the list counts as finished, it is read once more from its
 * start, for entries that were missed.
 *
 * @param isShort whether more entries are needed
 */
export function useWorkList<Entry>(
  isShort: (entries: readonly Entry[]) => boolean,
  options: WorkListOptions<Entry>,
) {
  const { data: user } = useSession()
  const [state, setState] = useState<State<Entry>>({ entries: [], isEnd: false, error: null })
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(options)
  latest.current = options
  const known = useRef(state.entries)
  known.current = state.entries
  const seen = useRef(new Set<string | number>())
  /** Where the search from the start goes on. Undefined before it begins. */
  const searched = useRef<number>(undefined)

  const isNeeded = Boolean(user) && !state.isEnd && isShort(state.entries)
  /** Another one after each part and with each attempt. */
  const request = isNeeded ? `${state.entries.length} ${attempt}` : undefined
  useEffect(() => {
    if (request === undefined) return
    const end = new AbortController()
    const read = async () => {
      for (;;) {
        const { load, keyOf, isListed } = latest.current
        const offset = searched.current ?? known.current.filter(isListed).length
        const part = await load(offset, end.signal)
        if (end.signal.aborted) return
        const { total } = part
        const fresh = part.entries.filter((entry) => !seen.current.has(keyOf(entry)))
        const reached = offset + part.entries.length
        const isLast = part.entries.length === 0 || reached >= total
        const isWhole = searched.current !== undefined || offset === 0
        if (searched.current !== undefined) searched.current = reached
        if (fresh.length > 0) {
          for (const entry of fresh) seen.current.add(keyOf(entry))
          setState(({ entries }) => ({
            entries: [...entries, ...fresh],
            total,
            isEnd: false,
            error: null,
          }))
          return
        }
        if (isLast && isWhole) {
          setState(({ entries }) => ({ entries, total, isEnd: true, error: null }))
          return
        }
        if (searched.current === undefined) searched.current = isWhole ? reached : 0
      }
    }
    read().catch((error: unknown) => {
      if (!end.signal.aborted) setState((before) => ({ ...before, error }))
    })
    return () => end.abort()
  }, [request])

  const retry = () => setAttempt((before) => before + 1)
  const isPassing = state.error !== null && mayPass(state.error)
  useEffect(() => {
    if (!isPassing) return
    const again = () => setAttempt((before) => before + 1)
    const timer = setInterval(again, RETRY_MS)
    addEventListener('online', again)
    return () => {
      clearInterval(timer)
      removeEventListener('online', again)
    }
  }, [isPassing])
  return {
    ...state,
    retry,
    /** Asks again for what has come since the end was reached. */
    lookAgain: () => {
      searched.current = undefined
      setState((before) => ({ ...before, isEnd: false }))
    },
  }
}
