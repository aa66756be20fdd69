import { parametersInvalid, quote } from '../errors.ts'
import type { ListQuery } from './list.ts'
import { parseSearch } from './search.ts'

const ORDERS = ['added-asc', 'added-desc'] as const

/**
 * The parameters of a list, from the query of a URL: each is absent, a text, or repeated (an array).
 * @throws AppError 400 "Invalid parameters", naming the parameter
 */
export function readListQuery(query: Readonly<Record<string, unknown>>): ListQuery {
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(query, name) ? query[name] : undefined
    if (value === undefined || value === '') return undefined
    if (typeof value !== 'string') throw parametersInvalid(`${name} is given more than once.`)
    return value
  }
  const integer = (name: string, fallback: number, min: number): number => {
    const value = text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (!/^\d+$/.test(value) || number < min || !Number.isSafeInteger(number)) {
      throw parametersInvalid(
        `${name} is ${quote(value)}; it must be a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}.`,
      )
    }
    return number
  }

  const given = text('order')
  const order = given === undefined ? 'added-desc' : ORDERS.find((known) => known === given)
  if (order === undefined) {
    throw parametersInvalid(`order is ${quote(given)}; it must be ${ORDERS.join(' or ')}.`)
  }
  return {
    order,
    limit: integer('limit', Number.MAX_SAFE_INTEGER, 1),
    offset: integer('offset', 0, 0),
    terms: parseSearch(text('search') ?? ''),
  }
}
