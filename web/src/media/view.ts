import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'

export const ORDERS = ['added-desc', 'added-asc'] as const

/** What is looked at, all of it in the query of the address: a link opens the same for a colleague. */
export function useView() {
  const [view, setView] = useQueryStates({
    order: parseAsStringLiteral(ORDERS).withDefault('added-desc'),
    search: parseAsString.withDefault(''),
    /** Position of the first image on the screen. */
    at: parseAsInteger.withDefault(0),
    /** Id of the image that is open: it stays the same, whatever is added or deleted. */
    open: parseAsInteger,
  })
  return { ...view, setView }
}

export type View = Pick<ReturnType<typeof useView>, 'order' | 'search'>
