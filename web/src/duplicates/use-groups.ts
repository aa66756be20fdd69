import { useEffect, useState } from 'react'
import { api, call, type MediaItem } from '../api/client'
import { useWorkList } from '../use-work-list'

export const KINDS = ['exact', 'near'] as const
export type Kind = (typeof KINDS)[number]

/** Groups that are read at a time, and how few may be ahead before more are read. */
const PART = 20
const LEAST_AHEAD = 4
/** Groups that a tab remembers as no duplicates. */
const MAX_SKIPPED = 1000

export interface Group {
  /** The ids of its images. */
  key: string
  /** How many images it has. `media` may hold fewer. */
  count: number
  media: readonly MediaItem[]
}

/** `gone`: others have changed its images meanwhile. */
export type Fate = 'merged' | 'skipped' | 'gone'

/**
 * The groups of duplicates, one after the other. Skipped ones stay skipped in this tab; nothing of that reaches the
 * server.
 */
export function useGroups(kind: Kind) {
  const [fates, setFates] = useState<ReadonlyMap<string, Fate>>(
    () => new Map(readSkipped().map((key) => [key, 'skipped'])),
  )
  const [shownKey, setShownKey] = useState<string>()
  const [mergedAtRead, setMergedAtRead] = useState(0)
  const known: Group[] = []
  const listed = useWorkList<Group>(
    (groups) => {
      const place = groups.findIndex(({ key }) => key === shownKey)
      const ahead = groups.slice(place + 1).filter(({ key }) => !fates.has(key))
      return ahead.length < LEAST_AHEAD
    },
    {
      load: async (offset, signal) => {
        const query = { kind, offset, limit: PART }
        const { data } = await call(api.GET('/media/duplicates', { params: { query }, signal }))
        setMergedAtRead(countFates('merged'))
        const entries = data.groups.map(({ count, media }) => ({
          key: media.map(({ id }) => id).join(' '),
          count,
          media,
        }))
        return { entries, total: data.total }
      },
      // What is left of a known group is that group: the user has left out the rest.
      keyOf: ({ key, media }) =>
        known.find((group) => media.every(({ id }) => group.media.some((one) => one.id === id)))
          ?.key ?? key,
      isListed: ({ key }) => !['merged', 'gone'].includes(fates.get(key) ?? ''),
    },
  )
  const { entries, total = 0, isEnd } = listed
  known.push(...entries)
  const countFates = (fate: Fate) => entries.filter(({ key }) => fates.get(key) === fate).length
  const isOpen = ({ key }: Group) => !fates.has(key)
  const place = entries.findIndex(({ key }) => key === shownKey)
  const shown = entries[place] ?? entries.find(isOpen)
  const shownPlace = shown ? entries.indexOf(shown) : entries.length

  useEffect(() => {
    keepSkipped([...fates].flatMap(([key, fate]) => (fate === 'skipped' ? [key] : [])))
  }, [fates])

  const decide = (key: string, fate: Fate | undefined) =>
    setFates((before) => {
      const after = new Map(before)
      if (fate === undefined) after.delete(key)
      else after.set(key, fate)
      return after
    })
  return {
    ...listed,
    group: shown,
    fate: shown && fates.get(shown.key),
    place: shownPlace,
    total: isEnd ? entries.length : Math.max(entries.length, total + mergedAtRead),
    merged: countFates('merged'),
    skipped: countFates('skipped'),
    canGoBack: shownPlace > 0,
    /** Notes what became of a group, and shows the next open one if it was shown. */
    settle: (key: string, fate: Fate) => {
      decide(key, fate)
      if (key !== shown?.key) return
      const next =
        entries.slice(shownPlace + 1).find(isOpen) ??
        entries.find((group) => group.key !== key && isOpen(group))
      setShownKey(next?.key)
    },
    /** Takes back what became of a group, and shows it. */
    reopen: (key: string) => {
      decide(key, undefined)
      setShownKey(key)
    },
    back: () => {
      const before = entries[shownPlace - 1]
      if (before) setShownKey(before.key)
    },
    forward: () => setShownKey(entries.slice(shownPlace + 1).find(isOpen)?.key),
  }
}

const SKIPPED = 'vitrine-no-duplicates'

function readSkipped(): string[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(SKIPPED) ?? '[]')
    return Array.isArray(stored) ? stored.filter((key) => typeof key === 'string') : []
  } catch {
    return []
  }
}

function keepSkipped(keys: readonly string[]): void {
  try {
    sessionStorage.setItem(SKIPPED, JSON.stringify(keys.slice(-MAX_SKIPPED)))
  } catch {
    // It is full, or not allowed. The view remembers them until it is left.
  }
}
