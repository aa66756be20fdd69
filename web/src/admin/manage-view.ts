import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'

export const PARTS = ['account', 'users', 'audit'] as const
export type Part = (typeof PARTS)[number]

/** Which part of the accounts is open, all of it in the query of the address. */
export function useManageView() {
  const [view, setView] = useQueryStates({
    /** Null while the library is looked at. */
    manage: parseAsStringLiteral(PARTS),
    /** Id of the account that is looked at. */
    user: parseAsInteger,
    /** What of the audit trail is shown: of whom, and what was done. */
    by: parseAsString.withDefault(''),
    did: parseAsString.withDefault(''),
  })
  return { ...view, setView }
}

/** Closes all of it. */
export const CLOSED = { manage: null, user: null, by: null, did: null } as const
