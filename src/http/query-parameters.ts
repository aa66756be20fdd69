import { parametersInvalid, quote } from '../base/errors.ts'

/** The query of a URL. Each parameter is absent, a text, or an array if it is repeated. */
export type Query = Readonly<Record<string, unknown>>

/**
 * The text of a parameter. An empty one counts as absent.
 * @throws AppError 400 "Invalid parameters" if it is repeated
 */
export function readText(query: Query, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name] : undefined
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw parametersInvalid(`${name} is given more than once.`)
  return value
}

/**
 * The whole number of a parameter, from `min` to `max`; `fallback` if it is absent.
 * @throws AppError 400 "Invalid parameters" if it is repeated or not such a number
 */
export function readInteger(
  query: Query,
  name: string,
  { fallback, min, max = Number.MAX_SAFE_INTEGER }: { fallback: number; min: number; max?: number },
): number {
  const value = readText(query, name)
  if (value === undefined) return fallback
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw parametersInvalid(
      `${name} is ${quote(value)}; it must be a whole number from ${min} to ${max}.`,
    )
  }
  return number
}
