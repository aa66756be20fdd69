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
  /** Position of the first visible image. */
  at: parseAsInteger.withDefault(0),
  /** Id of the open image. Unlike a position, it does not change when images are added or deleted. */
  open: parseAsInteger,
}

/** Builds the query of a link to another view of the page. */
export const queryFor = createSerializer(PARSERS)

/** The current view. The query of the address holds all of it, so that a link opens the same view. */
export function useView() {
  const [view, setView] = useQueryStates(PARSERS)
  return { ...view, setView }
}

export type View = Pick<ReturnType<typeof useView>, 'order' | 'search'>
