import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { SESSION_KEY } from '../session/session'

const ACCOUNTS = 'accounts'

/** Whose sessions and tokens: one's own, or those of an account by its id. */
export type Owner = 'own' | number

export function useSessions(owner: Owner) {
  return useQuery({
    queryKey: [ACCOUNTS, 'sessions', owner],
    queryFn: async ({ signal }) =>
      owner === 'own'
        ? (await call(api.GET('/auth/sessions', { signal }))).data.sessions
        : (await call(api.GET('/users/{id}/sessions', { params: { path: { id: owner } }, signal })))
            .data.sessions,
  })
}

export const endSession = (owner: Owner, session: string) =>
  owner === 'own'
    ? call(api.DELETE('/auth/sessions/{session}', { params: { path: { session } } }))
    : call(
        api.DELETE('/users/{id}/sessions/{session}', { params: { path: { id: owner, session } } }),
      )

/** Of one's own all but the one that asks. */
export const endSessions = (owner: Owner) =>
  owner === 'own'
    ? call(api.DELETE('/auth/sessions'))
    : call(api.DELETE('/users/{id}/sessions', { params: { path: { id: owner } } }))

export function useTokens(owner: Owner) {
  return useQuery({
    queryKey: [ACCOUNTS, 'tokens', owner],
    queryFn: async ({ signal }) =>
      owner === 'own'
        ? (await call(api.GET('/auth/tokens', { signal }))).data.tokens
        : (await call(api.GET('/users/{id}/tokens', { params: { path: { id: owner } }, signal })))
            .data.tokens,
  })
}

export const revokeToken = (owner: Owner, token: number) =>
  owner === 'own'
    ? call(api.DELETE('/auth/tokens/{id}', { params: { path: { id: token } } }))
    : call(api.DELETE('/users/{id}/tokens/{token}', { params: { path: { id: owner, token } } }))

export function useUsers() {
  return useQuery({
    queryKey: [ACCOUNTS, 'users'],
    queryFn: async ({ signal }) => (await call(api.GET('/users', { signal }))).data,
  })
}

interface Change<Input, Result> {
  change: (input: Input) => Promise<Result>
  /** What to say when it is done; nothing where that is seen. */
  said?: ((input: Input) => string) | undefined
  /** For a form, which shows by itself why it was refused. */
  isForm?: boolean
}

/** Changes something about accounts, and reads again what is shown of them. */
export function useChange<Input = void, Result = unknown>({
  change,
  said,
  isForm,
}: Change<Input, Result>) {
  const { t } = useMessages()
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: (_result, input) => {
      if (said) notify(said(input), { color: 'green' })
    },
    onError: (error) => {
      const message = explainRefusal(error, t)
      if (!isForm && message) notify(message, { color: 'red', autoClose: 10_000 })
    },
    onSettled: (_result, error) => {
      // Then the form to sign in lies over everything; what is there is read again afterwards.
      if (error instanceof ApiError && error.status === 401) return
      void client.invalidateQueries({ queryKey: [ACCOUNTS] })
      // One may have changed what one may do oneself.
      void client.invalidateQueries({ queryKey: SESSION_KEY })
    },
  })
}
