import { parse } from 'node:querystring'
import { parametersInvalid, quote } from '../../base/errors.ts'
import { type Query, readText } from '../../http/query-parameters.ts'
import { FILTER_PARAMETERS, readFilter } from '../filter/read-filter.ts'
import { parseSearch } from '../list/search.ts'
import { readOrder } from '../order/read-order.ts'

/** More than any filter within its limits needs, in percent-encoding. */
const MAX_QUERY_LENGTH = 8192

const PARAMETERS: readonly string[] = ['search', ...FILTER_PARAMETERS, 'order']

/** A saved search that was read. */
export interface SavedQuery {
  /** As it was given, without a question mark at its beginning. */
  text: string
  /** The collection that its filter names. */
  collection: number | undefined
}

/**
 * Reads the query of a saved search: a search, filters and an order, as in the query of a list. Unknown parameters are
 * refused, because a misspelt one would find more than was meant.
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
  readOrder(query, filter)
  if (filter === undefined && search === undefined && readText(query, 'order') === undefined) {
    throw parametersInvalid(
      `query is ${quote(text)}; it must hold at least one parameter of a list, such as "search=tower".`,
    )
  }
  return {
    text,
    collection: typeof filter?.collection === 'number' ? filter.collection : undefined,
  }
}
