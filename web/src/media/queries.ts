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

/** Items asked for at once. */
export const PAGE_ITEMS = 60

/** What is wanted and failed is tried again so often, in milliseconds. */
const RETRY_MS = 10_000

export const pageQuery = ({ order, search }: View, page: number) => ({
  queryKey: ['media', { order, search }, page],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { order, search, offset: page * PAGE_ITEMS, limit: PAGE_ITEMS }
    const { data, headers } = await call(
      // The signal ends what has been scrolled past before it came.
      api.GET('/media', { params: { query }, signal }),
    )
    return { items: data.media, total: Number(headers.get('x-total-count')) }
  },
  refetchInterval: ({ state: { error } }: Query<{ items: MediaItem[]; total: number }>) =>
    error !== null && mayPass(error) && RETRY_MS,
})

/** How many images there are, of those that match; or why that is not known. */
export function useTotal(view: View) {
  const result = useQuery({
    ...pageQuery(view, 0),
    select: ({ total }) => total,
    placeholderData: keepPreviousData,
  })
  const lastError = useLastError(result.error)
  return { total: result.data, error: hasFailed(result) ? lastError : null }
}

/** The last error there was: while something is tried again it is still the reason. */
function useLastError(error: Error | null): Error | null {
  const last = useRef(error)
  if (error) last.current = error
  return last.current
}

/** Whether it failed, also while it is being tried again. */
const hasFailed = ({ isError, errorUpdateCount, data }: UseQueryResult) =>
  isError || (errorUpdateCount > 0 && data === undefined)

/** The items at positions `first` to `last`, as far as they are there. */
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
      /** The first page that is on its way; undefined if none is. */
      waitingFor: waiting < 0 ? undefined : from + waiting,
    },
  }
}

/** Asks once more for what failed or takes too long. */
export function useRetry() {
  const client = useQueryClient()
  return useCallback(async () => {
    const predicate = ({ state }: Query) => state.data === undefined || state.status === 'error'
    const filters = { queryKey: ['media'], type: 'active' as const, predicate }
    // Without this, what is on its way would be waited for.
    await client.cancelQueries(filters)
    await client.refetchQueries(filters)
  }, [client])
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
