import {
  keepPreviousData,
  type Query,
  type UseQueryResult,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useCallback, useRef } from 'react'
import { api, call, type MediaItem } from '../api/client'
import { mayPass } from '../session/query-client'
import type { View } from './view'

/** Items per page of the grid. */
export const PAGE_ITEMS = 60

/** Interval at which a failed page on the screen is requested again, in milliseconds. */
const RETRY_MS = 10_000

export const pageQuery = ({ order, search }: View, page: number) => ({
  queryKey: ['media', { order, search }, page],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { order, search, offset: page * PAGE_ITEMS, limit: PAGE_ITEMS }
    const { data, headers } = await call(
      // The signal cancels the request if the page is scrolled away first.
      api.GET('/media', { params: { query }, signal }),
    )
    return { items: data.media, total: Number(headers.get('x-total-count')) }
  },
  refetchInterval: ({ state: { error } }: Query<{ items: MediaItem[]; total: number }>) =>
    error !== null && mayPass(error) && RETRY_MS,
})

/** The number of matching images, or the error for which it is not known. */
export function useTotal(view: View) {
  const result = useQuery({
    ...pageQuery(view, 0),
    select: ({ total }) => total,
    placeholderData: keepPreviousData,
  })
  const lastError = useLastError(result.error)
  return { total: result.data, error: hasFailed(result) ? lastError : null }
}

/** The last error. It stays the reason during a retry, which resets the error of the query. */
function useLastError(error: Error | null): Error | null {
  const last = useRef(error)
  if (error) last.current = error
  return last.current
}

/** Whether a query has failed, also during a retry. */
const hasFailed = ({ isError, errorUpdateCount, data }: UseQueryResult) =>
  isError || (errorUpdateCount > 0 && data === undefined)

/** The items at positions `first` to `last`, as far as they are loaded. */
export function useItems(view: View, first: number, last: number) {
  const from = Math.floor(first / PAGE_ITEMS)
  const count = last < first ? 0 : Math.floor(last / PAGE_ITEMS) - from + 1
  const pages = useQueries({
    queries: Array.from({ length: count }, (_, index) => pageQuery(view, from + index)),
  })
  const lastError = useLastError(pages.find(({ error }) => error)?.error ?? null)
  const pageOf = (position: number) => pages[Math.floor(position / PAGE_ITEMS) - from]
  const waiting = pages.findIndex(({ data, isFetching }) => data === undefined && isFetching)
  return {
    itemAt: (position: number): MediaItem | undefined =>
      pageOf(position)?.data?.items[position % PAGE_ITEMS],
    isMissing: (position: number): boolean => {
      const page = pageOf(position)
      return page !== undefined && page.data === undefined && hasFailed(page)
    },
    trouble: {
      error: pages.some(hasFailed) ? lastError : null,
      isRetrying: pages.some((page) => page.isFetching && hasFailed(page)),
      /** The first page that is loading; undefined if none is. */
      waitingFor: waiting < 0 ? undefined : from + waiting,
    },
  }
}

/** @returns a function that requests again what failed or takes too long */
export function useRetry() {
  const client = useQueryClient()
  return useCallback(async () => {
    const predicate = ({ state }: Query) => state.data === undefined || state.status === 'error'
    const filters = { queryKey: ['media'], type: 'active' as const, predicate }
    // A refetch would otherwise join the pending requests.
    await client.cancelQueries(filters)
    await client.refetchQueries(filters)
  }, [client])
}

/** @returns a function to call when the library has changed: it reloads everything on the screen */
export function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['media'] })
}

/** Items per request of a large range. From 1,000 on the server opens a snapshot, and allows only few. */
const READ_ITEMS = 500

/** @returns a function that reads the items at positions `first` to `last`, from the cache if possible */
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

/** @returns a function that reads the number of matches and their newest id in one request */
export function useReadNewest(search: string) {
  const client = useQueryClient()
  return useCallback(async () => {
    const query = { order: 'added-desc' as const, search, limit: 1 }
    const { data, headers } = await call(api.GET('/media', { params: { query } }))
    const total = Number(headers.get('x-total-count'))
    // Reload the screen if it shows another number.
    const pages = client.getQueriesData<{ total: number }>({ queryKey: ['media'] })
    if (pages.some(([key, page]) => isOf(key, search) && page && page.total !== total)) {
      void client.invalidateQueries({ queryKey: ['media'] })
    }
    return { until: data.media[0]?.id ?? 0, total }
  }, [client, search])
}

const isOf = ([, view]: readonly unknown[], search: string) =>
  (view as View | undefined)?.search === search

/** Suggestions while the user types a tag: the tags in use, most used first. */
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
