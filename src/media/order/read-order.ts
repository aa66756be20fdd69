import { parametersInvalid, quote } from '../../base/errors.ts'
import { type Query, readText } from '../../http/query-parameters.ts'
import type { Filter } from '../filter/filter.ts'

/** The orders of lists, as the parameter `order` names them. */
export const ORDER_NAMES = [
  'added-asc',
  'added-desc',
  'name-asc',
  'name-desc',
  'size-asc',
  'size-desc',
  'taken-asc',
  'taken-desc',
  'changed-asc',
  'changed-desc',
  'collection',
] as const

export type Order = (typeof ORDER_NAMES)[number]

/** The order of the ids. */
export type IdOrder = 'added-asc' | 'added-desc'

export const isIdOrder = (order: Order): order is IdOrder =>
  order === 'added-asc' || order === 'added-desc'

/**
 * Reads the order of a list.
 * @throws AppError 400 "Invalid parameters" for an unknown order, or for `collection` without the id of a collection
 */
export function readOrder(query: Query, filter: Filter | undefined): Order {
  const given = readText(query, 'order')
  if (given === undefined) return 'added-desc'
  const order = ORDER_NAMES.find((known) => known === given)
  if (order === undefined) {
    throw parametersInvalid(
      `order is ${quote(given)}; it must be ${ORDER_NAMES.slice(0, -1).join(', ')} or ${ORDER_NAMES.at(-1)}.`,
    )
  }
  if (order === 'collection' && typeof filter?.collection !== 'number') {
    throw parametersInvalid(
      'order is "collection"; that needs the id of a collection in the parameter collection.',
    )
  }
  return order
}
