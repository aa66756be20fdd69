import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useReducer, useRef, useState } from 'react'
import { ApiError, api, call, type MediaItem } from '../api/client'
import { useAskBeforeUnload } from '../ask-before-unload'
import { toListQuery, type View } from '../media/view'
import { mayPass } from '../session/query-client'
import { useWorkList } from '../use-work-list'
import { type Drafts, keepDrafts, readDrafts } from './drafts'
import { saveAlt } from './save-alt'

/** Images that are read at a time, and how few may be ahead before more are read. */
const PART = 40
const LEAST_AHEAD = 8
/** Interval at which texts that could not be saved are sent again, in milliseconds. */
const RETRY_MS = 10_000

export type Trouble =
  /** The server could not be reached, or failed. The text is sent again. */
  | { kind: 'waiting' }
  /** Somebody else has written a text meanwhile. The user decides. */
  | { kind: 'conflict'; theirs: string }
  /** The server does not take the text. */
  | { kind: 'refused'; error: unknown }

/** What has become of one image. */
interface Work {
  /** The text on the server, as far as it is known. */
  saved: string | null
  /** The text that the user has decided on; `""` for a decorative image. */
  wanted?: string | undefined
  isSending?: boolean
  isSkipped?: boolean
  /** Decided elsewhere: by somebody else's text, which the user keeps, or by a deletion. */
  isSettled?: boolean
  trouble?: Trouble | undefined
}

const needsUser = ({ trouble }: Work) => trouble !== undefined && trouble.kind !== 'waiting'
/** Whether there is nothing more to do for the user. */
const isDecided = (work: Work) => work.isSettled || (work.wanted !== undefined && !needsUser(work))
const isUnsaved = ({ wanted, saved, isSettled }: Work) =>
  wanted !== undefined && wanted !== saved && !isSettled

export interface AltQueueEvents {
  onGone: (item: MediaItem, text: string) => void
}

/**
 * The images without an alternative text, one after the other. Texts are saved behind the user's back: the next image is
 * shown at once. What cannot be saved is kept and sent again; what the user must decide comes next.
 */
export function useAltQueue(view: View, username: string, { onGone }: AltQueueEvents) {
  const client = useQueryClient()
  const works = useRef(new Map<number, Work>())
  const drafts = useRef<Drafts>(undefined)
  drafts.current ??= readDrafts(username)
  const [, show] = useReducer((count: number) => count + 1, 0)
  const [shownId, setShownId] = useState<number>()
  /** The images that were shown before, the last one last. */
  const visited = useRef<number[]>([])
  const workOf = (id: number): Work => works.current.get(id) ?? { saved: null }
  const isOpen = (id: number) => !isDecided(workOf(id)) && !workOf(id).isSkipped
  const change = (id: number, changes: Partial<Work>) => {
    works.current.set(id, { ...workOf(id), ...changes })
    show()
  }

  /** The images whose texts the server had when it counted. */
  const counted = useRef({ total: 0, saved: new Set<number>() })
  const listed = useWorkList<MediaItem>(
    (items) => {
      const place = items.findIndex(({ id }) => id === shownId)
      const ahead = items.slice(place + 1).filter(({ id }) => isOpen(id))
      return shownId === undefined || ahead.length < LEAST_AHEAD
    },
    {
      keyOf: ({ id }) => id,
      isListed: ({ id }) => workOf(id).saved === null && !workOf(id).isSettled,
      load: async (offset, signal) => {
        const saved = new Set(
          [...works.current].flatMap(([id, work]) =>
            isDecided(work) && !isUnsaved(work) ? [id] : [],
          ),
        )
        const { data, headers } = await call(
          api.GET('/media', {
            params: { query: { ...toListQuery(view), offset, limit: PART } },
            signal,
          }),
        )
        const total = Number(headers.get('x-total-count'))
        counted.current = { total, saved }
        return { entries: data.media, total }
      },
    },
  )
  const { entries, isEnd } = listed
  const entriesRef = useRef(entries)
  entriesRef.current = entries

  /** What comes after an image: first what the user must decide, then the next open image, from the start if need be. */
  const findNext = (after: number | undefined): MediaItem | undefined => {
    const others = entries.filter(({ id }) => id !== after)
    const place = entries.findIndex(({ id }) => id === after)
    return (
      others.find(({ id }) => needsUser(workOf(id)) && !workOf(id).isSkipped) ??
      entries.slice(place + 1).find(({ id }) => isOpen(id)) ??
      others.find(({ id }) => isOpen(id))
    )
  }
  const item = entries.find(({ id }) => id === shownId)
  const first = item === undefined ? findNext(undefined) : undefined
  useEffect(() => {
    if (first) setShownId(first.id)
  }, [first])

  const goOn = () => {
    if (shownId !== undefined)
      visited.current = [...visited.current.filter((id) => id !== shownId), shownId]
    setShownId(findNext(shownId)?.id)
  }

  const keep = (id: number, text: string | undefined) => {
    const kept = drafts.current ?? new Map()
    kept.delete(id)
    if (text) kept.set(id, text)
    keepDrafts(username, kept)
  }

  const latest = useRef(onGone)
  latest.current = onGone
  const send = async (sent: MediaItem): Promise<void> => {
    const { id } = sent
    if (workOf(id).isSending) return
    change(id, { isSending: true, trouble: undefined })
    try {
      for (let work = workOf(id); isUnsaved(work); work = workOf(id)) {
        const { wanted = '' } = work
        const answer = await saveAlt(id, work.saved, wanted)
        if (answer.kind === 'conflict') {
          change(id, { saved: answer.theirs, trouble: answer, isSkipped: false })
          break
        }
        change(id, { saved: wanted })
        // A newer text of the user stays a draft.
        if (workOf(id).wanted === wanted && (drafts.current?.get(id) ?? wanted) === wanted)
          keep(id, undefined)
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        latest.current(sent, workOf(id).wanted ?? '')
        change(id, { isSettled: true })
        keep(id, undefined)
      } else if (mayPass(error) || (error instanceof ApiError && error.status === 401)) {
        if (!mayPass(error)) void client.invalidateQueries({ queryKey: ['session'] })
        change(id, { trouble: { kind: 'waiting' } })
      } else {
        change(id, { trouble: { kind: 'refused', error }, isSkipped: false })
      }
    } finally {
      change(id, { isSending: false })
    }
  }

  const all = [...works.current.values()]
  const waiting = all.filter(({ trouble }) => trouble?.kind === 'waiting').length
  const sendAgain = () => {
    for (const entry of entriesRef.current) {
      if (workOf(entry.id).trouble?.kind === 'waiting') void send(entry)
    }
  }
  const latestSend = useRef(sendAgain)
  latestSend.current = sendAgain
  const isWaiting = waiting > 0
  useEffect(() => {
    if (!isWaiting) return
    const again = () => latestSend.current()
    const timer = setInterval(again, RETRY_MS)
    addEventListener('online', again)
    return () => {
      clearInterval(timer)
      removeEventListener('online', again)
    }
  }, [isWaiting])
  // The library shows what was written here.
  useEffect(() => () => void client.invalidateQueries({ queryKey: ['media'] }), [client])
  useAskBeforeUnload(() => [...works.current.values()].some(isUnsaved))

  const done = entries.filter(({ id }) => isDecided(workOf(id))).length
  const isCounted = ({ id }: MediaItem) => isDecided(workOf(id)) && !counted.current.saved.has(id)
  const open = entries.filter(({ id }) => !isDecided(workOf(id))).length
  const left = isEnd
    ? open
    : Math.max(open, counted.current.total - entries.filter(isCounted).length)
  const shown = item && workOf(item.id)
  const ahead = entries
    .slice(entries.findIndex(({ id }) => id === shownId) + 1)
    .filter(({ id }) => isOpen(id))
    .slice(0, 2)

  return {
    ...listed,
    item,
    /** The images that are likely to be shown next. */
    ahead,
    trouble: shown?.trouble,
    isDecorative: shown !== undefined && (shown.wanted ?? shown.saved) === '',
    /** What the field of the image begins with. */
    text:
      item === undefined
        ? ''
        : (drafts.current?.get(item.id) ?? shown?.wanted ?? shown?.saved ?? ''),
    done,
    left,
    skipped: entries.filter(({ id }) => workOf(id).isSkipped && !isDecided(workOf(id))).length,
    saving: all.filter(({ isSending }) => isSending).length,
    waiting,
    /** How many other images wait for a decision of the user. */
    asking: entries.filter(({ id }) => id !== shownId && needsUser(workOf(id))).length,
    canGoBack: visited.current.length > 0,
    /** Keeps what is typed for an image that is not saved. */
    type: (text: string) => {
      if (shownId !== undefined) keep(shownId, text)
    },
    /** Decides on a text and shows the next image. */
    save: (alt: string) => {
      if (!item) return
      if (alt !== '') keep(item.id, alt)
      else keep(item.id, undefined)
      change(item.id, { wanted: alt, isSkipped: false, isSettled: false, trouble: undefined })
      void send(item)
      goOn()
    },
    /** Leaves the image to somebody else's text. */
    keepTheirs: () => {
      if (!item) return
      keep(item.id, undefined)
      change(item.id, { wanted: undefined, isSettled: true, trouble: undefined })
      goOn()
    },
    skip: () => {
      if (!item) return
      if (!isDecided(workOf(item.id))) change(item.id, { isSkipped: true })
      goOn()
    },
    back: () => {
      const id = visited.current.at(-1)
      if (id === undefined) return
      visited.current = visited.current.slice(0, -1)
      setShownId(id)
    },
    /** Shows the skipped images again. */
    unskip: () => {
      for (const [id, { isSkipped }] of works.current)
        if (isSkipped) change(id, { isSkipped: false })
    },
    sendAgain,
  }
}
