import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, call, type MediaItem } from '../api/client'
import type { View } from './view'

/** Items asked for at once. */
export const PAGE_ITEMS = 60

const pageQuery = ({ order, search }: View, page: number) => ({
  queryKey: ['media', { order, search }, page],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { order, search, offset: page * PAGE_ITEMS, limit: PAGE_ITEMS }
    const { data, headers } = await call(
      // The signal ends what has been scrolled past before it came.
      api.GET('/media', { params: { query }, signal }),
    )
    return { items: data.media, total: Number(headers.get('x-total-count')) }
  },
})

/** How many images there are, of those that match. */
export function useTotal(view: View) {
  return useQuery({
    ...pageQuery(view, 0),
    select: ({ total }) => total,
    placeholderData: keepPreviousData,
  })
}

/**
 * The items at positions `first` to `last`.
 * @returns a function from position to item, undefined while it is on its way
 */
export function useItems(view: View, first: number, last: number) {
  const from = Math.floor(first / PAGE_ITEMS)
  const count = last < first ? 0 : Math.floor(last / PAGE_ITEMS) - from + 1
  const pages = useQueries({
    queries: Array.from({ length: count }, (_, index) => pageQuery(view, from + index)),
  })
  const failed = pages.find(({ isError }) => isError)
  return {
    itemAt: (position: number): MediaItem | undefined =>
      pages[Math.floor(position / PAGE_ITEMS) - from]?.data?.items[position % PAGE_ITEMS],
    failed: failed && { error: failed.error, retry: () => failed.refetch() },
  }
}

/** Says that the library has changed: what is on the screen is read again. */
export function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['media'] })
}

/** Items read at once where they are many; from 1,000 on a list is a snapshot, of which few may run. */
const READ_ITEMS = 500

/** Reads the items at positions `first` to `last`: those on the screen are there already. */
export function useReadItems({ order, search }: View) {
  const client = useQueryClient()
  return useCallback(
    async (first: number, last: number): Promise<MediaItem[]> => {
      const cached: MediaItem[] = []
      for (let at = first; at <= last; at++) {
        const { queryKey } = pageQuery({ order, search }, Math.floor(at / PAGE_ITEMS))
        const page = client.getQueryData<{ items: MediaItem[] }>(queryKey)
        const item = page?.items[at % PAGE_ITEMS]
        if (!item) break
        cached.push(item)
      }
      if (cached.length === last - first + 1) return cached
      return readItems({ order, search }, first, last)
    },
    [client, order, search],
  )
}

async function readItems(view: View, first: number, last: number): Promise<MediaItem[]> {
  const items: MediaItem[] = []
  for (let offset = first; offset <= last; offset += READ_ITEMS) {
    const limit = Math.min(READ_ITEMS, last - offset + 1)
    const { data } = await call(
      api.GET('/media', { params: { query: { ...view, offset, limit } } }),
    )
    items.push(...data.media)
  }
  return items
}

/** Reads how many items match a search and the newest id of them, both of one moment. */
export function useReadNewest(search: string) {
  const client = useQueryClient()
  return useCallback(async () => {
    const query = { order: 'added-desc' as const, search, limit: 1 }
    const { data, headers } = await call(api.GET('/media', { params: { query } }))
    const total = Number(headers.get('x-total-count'))
    // What is on the screen tells the same number.
    const pages = client.getQueriesData<{ total: number }>({ queryKey: ['media'] })
    if (pages.some(([key, page]) => isOf(key, search) && page && page.total !== total)) {
      void client.invalidateQueries({ queryKey: ['media'] })
    }
    return { until: data.media[0]?.id ?? 0, total }
  }, [client, search])
}

const isOf = ([, view]: readonly unknown[], search: string) =>
  (view as View | undefined)?.search === search

/** Reads the ids of all that matched a search up to `until`, oldest first. */
export async function readMatchingIds(search: string, until: number): Promise<number[]> {
  const ids = new Set<number>()
  for (let offset = 0; ; offset += READ_ITEMS) {
    const query = { order: 'added-asc' as const, search, offset, limit: READ_ITEMS }
    const { data } = await call(api.GET('/media', { params: { query } }))
    for (const { id } of data.media) if (id <= until) ids.add(id)
    if (data.media.length < READ_ITEMS || (data.media.at(-1)?.id ?? 0) > until) return [...ids]
  }
}

/** The name of an item that was on the screen. */
export function useNameOf() {
  const client = useQueryClient()
  return useCallback(
    (id: number): string | undefined => {
      for (const [, page] of client.getQueriesData<{ items: MediaItem[] }>({
        queryKey: ['media'],
      })) {
        const item = page?.items?.find((candidate) => candidate.id === id)
        if (item) return item.name
      }
    },
    [client],
  )
}

/** The tags in use, those used most first, for who types one. */
export function useTags(search: string, isEnabled: boolean) {
  const { data } = useQuery({
    queryKey: ['tags', search],
    queryFn: async ({ signal }) => {
      const query = { search, limit: 20 }
      const { data } = await call(api.GET('/media/tags', { params: { query }, signal }))
      return data.tags.map(({ tag }) => tag)
    },
    placeholderData: keepPreviousData,
    enabled: isEnabled,
  })
  return data ?? []
}
