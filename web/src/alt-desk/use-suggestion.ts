import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiError, api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { useMessages } from '../messages/messages'

export interface Suggested {
  /** Whether this server suggests texts. */
  isOn: boolean
  text: string | undefined
  /** Why there is none. */
  fault: string | undefined
  retry: () => void
}

/** Each suggestion costs the operator's service some seconds, so it is asked for once. */
const suggestionQuery = (id: number, language: string) => ({
  queryKey: ['suggestion', id, language],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const { data } = await call(
      api.POST('/media/item/{id}/describe', {
        params: { path: { id } },
        body: { language },
        signal,
      }),
    )
    return data.suggestion
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
})

/** Whether this server suggests texts. A server without a service for it lacks the route. */
function useIsOn(id: number): boolean {
  const { data } = useQuery({
    queryKey: ['suggests'],
    queryFn: async () => {
      const { response } = await api.OPTIONS('/media/item/{id}/describe', {
        params: { path: { id } },
      })
      if (response.status === 401) throw new ApiError(401, 'Unauthorized')
      if (response.status >= 500) throw new ApiError(response.status, response.statusText)
      return response.ok
    },
    staleTime: 5 * 60_000,
  })
  return data === true
}

/** A text that a service suggests for an image. Nothing waits for it, and nothing is saved by it. */
export function useSuggestion(id: number): Suggested {
  const { t, language } = useMessages()
  const isOn = useIsOn(id)
  const { data, error, isFetching, refetch } = useQuery({
    ...suggestionQuery(id, language),
    enabled: isOn,
  })
  const isOfService = error instanceof ApiError && error.code === 'describe-failed'
  const fault = error ? (isOfService ? error.detail : explainRefusal(error, t)) : undefined
  return {
    isOn,
    text: data,
    fault: isFetching ? undefined : fault,
    retry: () => void refetch(),
  }
}

/** Asks for the suggestion for the next image while the user is still at this one. */
export function usePrefetchedSuggestion(id: number | undefined): void {
  const { language } = useMessages()
  const client = useQueryClient()
  const isOn = useIsOn(id ?? 0) && id !== undefined
  useEffect(() => {
    if (isOn && id !== undefined) void client.prefetchQuery(suggestionQuery(id, language))
  }, [isOn, id, language, client])
}
