import {
  createSerializer,
  parseAsInteger,
  parseAsString,
  parseAsStringLiteral,
  useQueryStates,
} from 'nuqs'
import type { paths } from '../api/schema'

type ListQuery = NonNullable<paths['/media']['get']['parameters']['query']>

export const ORDERS = [
  'added-desc',
  'added-asc',
  'name-asc',
  'name-desc',
  'size-desc',
  'size-asc',
  'taken-desc',
  'taken-asc',
  'changed-desc',
  'changed-asc',
  'collection',
] as const
export type Order = (typeof ORDERS)[number]

/** The filters, named as in the API. The page shows them in this order. */
export const FILTERS = [
  'type',
  'tag',
  'anyTag',
  'notTag',
  'collection',
  'has',
  'lacks',
  'orientation',
  'animated',
  'minWidth',
  'maxWidth',
  'minHeight',
  'maxHeight',
  'minSize',
  'maxSize',
  'minRating',
  'added',
  'taken',
  'addedBy',
  'color',
  'reveals',
] as const
export type Filter = (typeof FILTERS)[number]

type ForEach<T> = Record<Filter, T>
const forEach = <T>(value: T) =>
  Object.fromEntries(FILTERS.map((filter) => [filter, value])) as ForEach<T>

const PARSERS = {
  order: parseAsStringLiteral(ORDERS).withDefault('added-desc'),
  search: parseAsString.withDefault(''),
  /** Only the trash, instead of the library. */
  in: parseAsStringLiteral(['trash']),
  ...forEach(parseAsString),
  /** Position of the first visible image. */
  at: parseAsInteger.withDefault(0),
  /** Id of the open image. Unlike a position, it does not change when images are added or deleted. */
  open: parseAsInteger,
}

/** Builds the query of a link to another view of the page. */
export const queryFor = createSerializer(PARSERS)

/** The whole library, in its usual order. */
export const WHOLE = { search: null, order: null, in: null, at: null, open: null, ...forEach(null) }
/** No filters. The search and the order stay. */
export const UNFILTERED = { at: null, open: null, ...forEach(null) }

/** What the grid shows. */
export interface View {
  order: Order
  search: string
  /** The filters as a query, in the order of `FILTERS`; `in=trash` comes first. Empty without any. */
  filters: string
}

/** The current view. The query of the address holds all of it, so that a link opens the same view. */
export function useView() {
  const [{ order, search, at, open, ...given }, setView] = useQueryStates(PARSERS)
  const filters = new URLSearchParams()
  for (const [name, value] of Object.entries(given)) if (value) filters.set(name, value)
  // The server refuses the order of a collection without a collection.
  const isOrdered = order !== 'collection' || /^\d+$/.test(given.collection ?? '')
  return {
    order: isOrdered ? order : 'added-desc',
    search,
    filters: filters.toString(),
    at,
    open,
    setView,
  } as const
}

/** The parameters of a list that shows the view. The server checks them: an address may hold anything. */
export const toListQuery = ({ order, search, filters }: View): ListQuery => ({
  order,
  search,
  ...Object.fromEntries(new URLSearchParams(filters)),
})

/** The query of a list that shows the view, without what is usual, for a saved search. */
export const queryOf = ({ order, search, filters }: View): string =>
  queryFor({ order, search, ...Object.fromEntries(new URLSearchParams(filters)) }).slice(1)

/** Query of a link to an image in the view. */
export const linkTo = ({ order, search, filters }: View, id: number): string =>
  queryFor({ order, search, ...Object.fromEntries(new URLSearchParams(filters)), open: id })

/** The filters of a view with their values, without `in`. */
export const listFilters = (filters: string): [Filter, string][] => {
  const given = new URLSearchParams(filters)
  return FILTERS.flatMap((filter) => {
    const value = given.get(filter)
    return value === null ? [] : [[filter, value] satisfies [Filter, string]]
  })
}

export const isTrash = ({ filters }: Pick<View, 'filters'>): boolean =>
  new URLSearchParams(filters).get('in') === 'trash'
