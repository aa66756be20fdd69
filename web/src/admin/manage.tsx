import { Suspense, useRef } from 'react'
import { loadLater } from '../load-later'
import { usePermission, useSession, useSignInPlace } from '../session/session'
import { CLOSED, type Part, useManageView } from './manage-view'

const { Component: ManagePanel } = loadLater(() => import('./manage-panel'))

/**
 * The account screens that the signed-in user may open; undefined while that is not known. If another
 * service signs users in, it keeps the accounts, which are not shown here.
 */
export function useManageParts(): readonly Part[] | undefined {
  const { data: user } = useSession()
  const { data: place } = useSignInPlace()
  const mayManage = usePermission('manage-accounts')
  const mayView = usePermission('view-media')
  if (!user || place === undefined) return undefined
  const parts: Part[] = []
  if (!place.external) parts.push('account')
  if (!place.external && mayManage) parts.push('users')
  if (mayManage) parts.push('audit')
  if (mayView) parts.push('statistics')
  return parts
}

/** Shows the account screen that the address names, if any. */
export function Manage({ onItem }: { onItem: (id: number) => void }) {
  const { manage, setView } = useManageView()
  const parts = useManageParts()
  // Keep the last known parts while the user signs in again: the dialog must stay open.
  const known = useRef(parts)
  known.current = parts ?? known.current
  if (manage === null || known.current === undefined) return null
  const part = known.current.includes(manage) ? manage : known.current[0]
  if (part === undefined) return null
  const close = () => void setView(CLOSED, { history: 'push' })
  return (
    <Suspense>
      <ManagePanel
        part={part}
        parts={known.current}
        onItem={(id) => {
          close()
          onItem(id)
        }}
        onClose={close}
      />
    </Suspense>
  )
}
