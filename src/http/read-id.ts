import { parametersMissing, quote } from '../base/errors.ts'
import { Type } from './schema.ts'

/** An id in a path. It is described as a number, but passed on as text. */
export const IdParameter = Type.Unsafe<string>(Type.Integer({ minimum: 1 }))

/**
 * Reads the id in a path.
 * @returns undefined if the text is not an id: not plain digits, or not from 1 to 2^53-1
 */
export function readId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,15}$/.test(text)) return undefined
  const id = Number(text)
  return Number.isSafeInteger(id) ? id : undefined
}

/**
 * Reads the id in the path of a route that treats every other text as a missing parameter.
 * @throws AppError 400 "Required parameters missing"
 */
export function requireId(text: string | undefined): number {
  const id = readId(text)
  if (id !== undefined) return id
  throw parametersMissing(
    `id is ${quote(text)}; it must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}.`,
  )
}
