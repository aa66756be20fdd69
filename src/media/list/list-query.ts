import { parametersInvalid, quote } from '../../base/errors.ts'
import { type Query, readInteger, readText } from '../../http/query-parameters.ts'
import type { ListQuery } from './list.ts'
import { parseSearch } from './search.ts'

const ORDERS = ['added-asc', 'added-desc'] as const

/**
 * The parameters of a list, from the query of a URL.
 * @throws AppError 400 "Invalid parameters", naming the parameter
 */
export function readListQuery(query: Query): ListQuery {
  const given = readText(query, 'order')
  const order = given === undefined ? 'added-desc' : ORDERS.find((known) => known === given)
  if (order === undefined) {
    throw parametersInvalid(`order is ${quote(given)}; it must be ${ORDERS.join(' or ')}.`)
  }
  return {
    order,
    limit: readInteger(query, 'limit', { fallback: Number.MAX_SAFE_INTEGER, min: 1 }),
    offset: readInteger(query, 'offset', { fallback: 0, min: 0 }),
    terms: parseSearch(readText(query, 'search') ?? ''),
  }
}
