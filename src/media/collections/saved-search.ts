import { parse } from 'node:querystring'
import { parametersInvalid, quote } from '../../base/errors.ts'
import { type Query, readText } from '../../http/query-parameters.ts'
import { FILTER_PARAMETERS, readFilter } from '../filter/read-filter.ts'
import { parseSearch } from '../list/search.ts'

/** More than any filter needs that keeps to its limits, in percent-encoding. */
const MAX_QUERY_LENGTH = 8192

/** The orders of a list. */
const ORDERS = [
  ...['added', 'name', 'size', 'taken', 'changed'].flatMap((by) => [`${by}-asc`, `${by}-desc`]),
  'collection',
]

const PARAMETERS: readonly string[] = ['search', ...FILTER_PARAMETERS, 'order']

/** A saved search that was read. */
export interface SavedQuery {
  /** As it was given, without a question mark at its beginning. */
  text: string
  /** The collection that its filter names. */
  collection: number | undefined
}

/**
 * Reads the query of a saved search: that of a list, with a search, filters and an order. A misspelt one must not find
 * more than was meant, so parameters that are not known are refused.
 *
 * @throws AppError 400 "Invalid parameters"
 */
export function readSavedQuery(given: string): SavedQuery {
  const text = given.replace(/^\?/, '')
  if (text.length > MAX_QUERY_LENGTH) {
    throw parametersInvalid(
      `query has ${text.length} characters; at most ${MAX_QUERY_LENGTH} are allowed.`,
    )
  }
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw parametersInvalid(
      `query is ${quote(text)}; it must hold no control character and no half of a surrogate pair.`,
    )
  }
  const query: Query = parse(text, '&', '=', { maxKeys: 0 })
  const unknown = Object.keys(query).find((name) => !PARAMETERS.includes(name))
  if (unknown !== undefined) {
    throw parametersInvalid(
      `query holds ${quote(unknown)}, which is no parameter of a saved search; those are ${PARAMETERS.join(', ')}.`,
    )
  }
  const filter = readFilter(query)
  const search = readText(query, 'search')
  parseSearch(search ?? '')
  const order = readText(query, 'order')
  checkOrder(order, typeof filter?.collection === 'number')
  if (filter === undefined && search === undefined && order === undefined) {
    throw parametersInvalid(
      `query is ${quote(text)}; it must hold at least one parameter of a list, such as "search=tower".`,
    )
  }
  return {
    text,
    collection: typeof filter?.collection === 'number' ? filter.collection : undefined,
  }
}

function checkOrder(order: string | undefined, hasCollection: boolean): void {
  if (order !== undefined && !ORDERS.includes(order)) {
    throw parametersInvalid(`order is ${quote(order)}; it must be one of ${ORDERS.join(', ')}.`)
  }
  if (order === 'collection' && !hasCollection) {
    throw parametersInvalid('order is "collection" without a collection; give its id too.')
  }
}
