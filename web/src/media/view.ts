import {
  createSerializer,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs'

export const ORDERS = ['added-desc', 'added-asc'] as const

const PARSERS = {
  order: parseAsStringLiteral(ORDERS).withDefault('added-desc'),
  search: parseAsString.withDefault(''),
  /** Position of the first image on the screen. */
  at: parseAsInteger.withDefault(0),
  /** Id of the image that is open: it stays the same, whatever is added or deleted. */
  open: parseAsInteger,
}

/** A query of the address, with which a link leads to another view of the page that it stands on. */
export const queryFor = createSerializer(PARSERS)

/** What is looked at, all of it in the query of the address: a link opens the same for a colleague. */
export function useView() {
  const [view, setView] = useQueryStates(PARSERS)
  return { ...view, setView }
}

export type View = Pick<ReturnType<typeof useView>, 'order' | 'search'>
