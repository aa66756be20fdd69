import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'

export const PARTS = ['account', 'users', 'audit', 'statistics'] as const
export type Part = (typeof PARTS)[number]

/** The open account screen and its filters. The query of the address holds all of it. */
export function useManageView() {
  const [view, setView] = useQueryStates({
    /** Null while no account screen is open. */
    manage: parseAsStringLiteral(PARTS),
    /** Id of the account that is shown. */
    user: parseAsInteger,
    /** Filters of the audit trail: the user, and the action. */
    by: parseAsString.withDefault(''),
    did: parseAsString.withDefault(''),
  })
  return { ...view, setView }
}

/** View without any account screen. */
export const CLOSED = { manage: null, user: null, by: null, did: null } as const
