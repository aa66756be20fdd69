import {
  keepPreviousData,
  type Query,
  type UseQueryResult,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useCallback, useRef } from 'react'
import { api, type Collection, call, type MediaItem } from '../api/client'
import { mayPass } from '../session/query-client'
import { inTrash } from './item-query'
import { isTrash, toListQuery, type View } from './view'

/** Items per page of the grid. */
export const PAGE_ITEMS = 60

/** Interval at which a failed page on the screen is requested again, in milliseconds. */
const RETRY_MS = 10_000

/** The key of the pages of a view. */
export const viewKey = ({ order, search, filters }: View) =>
  ['media', { order, search, filters }] as const

export const pageQuery = (view: View, page: number) => ({
  queryKey: [...viewKey(view), page],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { ...toListQuery(view), offset: page * PAGE_ITEMS, limit: PAGE_ITEMS }
    const { data, headers } = await call(
      // The signal cancels the request if the page is scrolled away first.
      api.GET('/media', { params: { query }, signal }),
    )
    const items = isTrash(view) ? data.media.map(inTrash) : data.media
    return { items, total: Number(headers.get('x-total-count')) }
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
  return () => {
    // Their counts have changed.
    void client.invalidateQueries({ queryKey: ['collections'] })
    return client.invalidateQueries({ queryKey: ['media'] })
  }
}

/** Items per request of a large range. From 1,000 on the server opens a snapshot, and allows only few. */
const READ_ITEMS = 500

/** @returns a function that reads the items at positions `first` to `last`, from the cache if possible */
export function useReadItems({ order, search, filters }: View) {
  const client = useQueryClient()
  return useCallback(
    async (first: number, last: number): Promise<MediaItem[]> => {
      const view = { order, search, filters }
      const cached: MediaItem[] = []
      for (let at = first; at <= last; at++) {
        const { queryKey } = pageQuery(view, Math.floor(at / PAGE_ITEMS))
        const page = client.getQueryData<{ items: MediaItem[] }>(queryKey)
        const item = page?.items[at % PAGE_ITEMS]
        if (!item) break
        cached.push(item)
      }
      if (cached.length === last - first + 1) return cached
      return readItems(view, first, last)
    },
    [client, order, search, filters],
  )
}

async function readItems(view: View, first: number, last: number): Promise<MediaItem[]> {
  const items: MediaItem[] = []
  for (let offset = first; offset <= last; offset += READ_ITEMS) {
    const limit = Math.min(READ_ITEMS, last - offset + 1)
    const { data } = await call(
      api.GET('/media', { params: { query: { ...toListQuery(view), offset, limit } } }),
    )
    items.push(...data.media)
  }
  return items
}

/** @returns a function that reads the number of matches and their newest id in one request */
export function useReadNewest({ search, filters }: Omit<View, 'order'>) {
  const client = useQueryClient()
  return useCallback(async () => {
    const query = { ...toListQuery({ order: 'added-desc', search, filters }), limit: 1 }
    const { data, headers } = await call(api.GET('/media', { params: { query } }))
    const total = Number(headers.get('x-total-count'))
    // Reload the screen if it shows another number.
    const pages = client.getQueriesData<{ total: number }>({ queryKey: ['media'] })
    if (
      pages.some(([key, page]) => isOf(key, { search, filters }) && page && page.total !== total)
    ) {
      void client.invalidateQueries({ queryKey: ['media'] })
    }
    return { until: data.media[0]?.id ?? 0, total }
  }, [client, search, filters])
}

const isOf = ([, key]: readonly unknown[], view: Omit<View, 'order'>) => {
  const { search, filters } = (key ?? {}) as Partial<View>
  return search === view.search && filters === view.filters
}

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

/** Counts of the whole library; undefined while they are loading. */
export function useFacets() {
  const { data } = useQuery({
    queryKey: ['media', 'facets'],
    queryFn: async ({ signal }) => (await call(api.GET('/media/facets', { signal }))).data,
  })
  return data
}

/** A collection, with the names from its topmost parent down to itself. */
export type NamedCollection = ReturnType<typeof withPaths>[number]

/** All collections in their order; undefined while they are loading. */
export function useCollections(isEnabled = true): NamedCollection[] | undefined {
  const { data } = useQuery({
    queryKey: ['collections'],
    queryFn: async ({ signal }) =>
      withPaths((await call(api.GET('/collections', { signal }))).data.collections),
    enabled: isEnabled,
  })
  return data
}

/** A parent comes before its children in the list of the server. */
function withPaths(collections: readonly Collection[]) {
  const paths = new Map<number, string>()
  return collections.map((collection) => {
    const { id, name, parent, query } = collection
    const above = parent === null ? undefined : paths.get(parent)
    const path = above === undefined ? name : `${above} / ${name}`
    paths.set(id, path)
    return { ...collection, path, folded: foldName(path), isSearch: query !== null }
  })
}

/** A name for comparisons that ignore case and accents. */
export const foldName = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
