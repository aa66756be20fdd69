import { parametersInvalid, quote } from '../base/errors.ts'

/** The query of a URL: each parameter is absent, a text, or repeated (an array). */
export type Query = Readonly<Record<string, unknown>>

/**
 * A parameter's text; an empty one is absent.
 * @throws AppError 400 "Invalid parameters" if it is repeated
 */
export function readText(query: Query, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name] : undefined
  if (value === undefined || value === '') return undefined
  if (typeof value !== 'string') throw parametersInvalid(`${name} is given more than once.`)
  return value
}

/**
 * A parameter's whole number, bounds included.
 * @throws AppError 400 "Invalid parameters" if it is repeated or none of these
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
