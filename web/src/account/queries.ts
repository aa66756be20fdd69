import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, call } from '../api/client'
import { explainRefusal } from '../media/item-edit'
import { useMessages } from '../messages/messages'
import { notify } from '../notify'
import { SESSION_KEY } from '../session/session'

const ACCOUNTS = 'accounts'

/** Owner of sessions and tokens: the signed-in user, or the account with this id. */
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

/** Ends all sessions of an account. For the user's own account, the current session stays. */
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
  /** Message on success; undefined if the change is visible anyway. */
  said?: ((input: Input) => string) | undefined
  /** True for a form: it shows the reason for a refusal itself. */
  isForm?: boolean
}

/** A mutation of account data. It then reloads all account data on the screen. */
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
      // The sign-in form is shown now. Everything is reloaded after the sign-in.
      if (error instanceof ApiError && error.status === 401) return
      void client.invalidateQueries({ queryKey: [ACCOUNTS] })
      // The change may have affected the user's own permissions.
      void client.invalidateQueries({ queryKey: SESSION_KEY })
    },
  })
}
