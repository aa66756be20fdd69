import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { ApiError, api, call, type User } from '../api/client'
import { reloadAnyway } from '../ask-before-unload'

export const SESSION_KEY = ['session'] as const

const readUser = async (): Promise<User> => (await call(api.GET('/auth/me'))).data.user

/** The signed-in user: null if nobody is signed in, undefined while that is not known. */
export function useSession() {
  return useQuery({
    queryKey: SESSION_KEY,
    queryFn: async (): Promise<User | null> => {
      try {
        return await readUser()
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null
        throw error
      }
    },
    staleTime: Number.POSITIVE_INFINITY,
  })
}

/** Where users sign in: here, or at another service. */
export function useSignInPlace() {
  return useQuery({
    queryKey: ['sign-in-place'],
    queryFn: async () => (await call(api.GET('/auth/sign-in'))).data,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function useSignIn() {
  return useMutation({
    mutationFn: async (body: { username: string; password: string }) =>
      (await call(api.POST('/auth/login', { body }))).data.user,
    onSuccess: useWelcome(),
  })
}

/** Checks whether the user has signed in at another service meanwhile. */
export function useSignInCheck() {
  return useMutation({ mutationFn: readUser, onSuccess: useWelcome() })
}

function useWelcome() {
  const client = useQueryClient()
  return async (user: User) => {
    client.setQueryData(SESSION_KEY, user)
    // Reload what was refused while nobody was signed in.
    await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' })
  }
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => call(api.POST('/auth/logout')),
    onSettled: async () => {
      const clear = async () => (await import('../upload/kept-files')).clearKeptFiles()
      await clear().catch(() => {})
      // A reload removes all data and input from the page.
      reloadAnyway()
    },
  })
}

/** Whether the signed-in user has a permission. The page offers no action without its permission. */
export function usePermission(permission: string): boolean {
  return useSession().data?.permissions.includes(permission) ?? false
}

/**
 * Whether this server adds and deletes files; undefined while that is not known. Asks the upload path
 * itself, since a proxy may send it to another server.
 */
export function useFileService(): boolean | undefined {
  const { data: user } = useSession()
  const { data } = useQuery({
    queryKey: ['file-service'],
    queryFn: async () => {
      const { response } = await api.OPTIONS('/media/add')
      if (response.status === 401) throw new ApiError(401, 'Unauthorized')
      return response.ok
    },
    enabled: Boolean(user),
    staleTime: 5 * 60_000,
  })
  return data
}

/** Whether this server has a trash. Undefined until it has answered. A server without a trash lacks the route. */
export function useTrash(): boolean | undefined {
  const { data } = useQuery({
    queryKey: ['trash'],
    queryFn: async () => {
      const { response } = await api.OPTIONS('/media/bulk/trash')
      if (response.status === 401) throw new ApiError(401, 'Unauthorized')
      if (response.status >= 500) throw new ApiError(response.status, response.statusText)
      return response.ok
    },
    enabled: usePermission('delete-media'),
    staleTime: 5 * 60_000,
  })
  return data
}

/**
 * @returns a function that shows the sign-in form and waits for a new sign-in. It rejects when the signal
 * is aborted.
 */
export function useSignedInAgain() {
  const client = useQueryClient()
  return useCallback(
    (signal: AbortSignal) => {
      client.setQueryData(SESSION_KEY, null)
      return new Promise<void>((resolve, reject) => {
        const finish = () => {
          unsubscribe()
          signal.removeEventListener('abort', finish)
          if (signal.aborted) reject(signal.reason)
          else resolve()
        }
        const unsubscribe = client.getQueryCache().subscribe(() => {
          if (client.getQueryData(SESSION_KEY)) finish()
        })
        signal.addEventListener('abort', finish)
      })
    },
    [client],
  )
}
