import { parametersInvalid, parametersMissing, quote } from '../base/errors.ts'
import { isBlank } from '../base/fold.ts'

export const MAX_NAME_CODE_POINTS = 255
export const MAX_TAGS = 64
export const MAX_TAG_CODE_POINTS = 64

/**
 * A display name, trimmed and in NFC.
 * @throws AppError 400: "Required parameters missing" if it is no string or has no visible character, "Invalid
 *   parameters" if it is too long or holds characters that no name may have
 */
export function readName(value: unknown): string {
  if (typeof value !== 'string') throw missing('name', value, 'a string')
  const name = value.trim().normalize('NFC')
  if (isBlank(name)) throw parametersMissing('name is blank; give at least one visible character.')
  requireText('name', name, MAX_NAME_CODE_POINTS)
  return name
}

/**
 * Reads tags from an array of strings or one string. Each string is split at commas; each tag is trimmed and
 * in NFC. Tags without a visible character and exact duplicates are left out. The order is kept.
 * @param field the name of the parameter
 * @throws AppError 400, like `readName`
 */
export function readTags(value: unknown, field = 'tags'): string[] {
  const parts = typeof value === 'string' ? [value] : value
  if (!Array.isArray(parts)) throw missing(field, value, 'a string or an array of strings')
  if (value === '') {
    throw parametersMissing(`${field} is empty; give tags, or [] for none.`)
  }
  const tags = new Set<string>()
  for (const part of parts) {
    if (typeof part !== 'string') throw missing(`each of ${field}`, part, 'a string')
    for (const tag of part.split(',')) {
      if (!isBlank(tag)) tags.add(tag.trim().normalize('NFC'))
    }
  }
  if (tags.size > MAX_TAGS) {
    throw parametersInvalid(`${field} holds ${tags.size} tags; at most ${MAX_TAGS} are allowed.`)
  }
  for (const tag of tags) requireText('tag', tag, MAX_TAG_CODE_POINTS)
  return [...tags]
}

/**
 * Reads one tag, trimmed and in NFC.
 * @param field the name of the parameter
 * @throws AppError 400, like `readName`
 */
export function readTag(value: unknown, field: string): string {
  if (typeof value !== 'string') throw missing(field, value, 'a string')
  if (value.includes(',')) {
    throw parametersInvalid(`${field} is ${quote(value)}; it must be one tag, without a comma.`)
  }
  const [tag] = isBlank(value) ? [] : readTags(value, field)
  if (tag === undefined) throw parametersMissing(`${field} is blank; give a tag.`)
  return tag
}

const missing = (field: string, value: unknown, right: string) =>
  parametersMissing(
    value === undefined
      ? `${field} is missing; it must be ${right}.`
      : `${field} is ${quote(value)}; it must be ${right}.`,
  )

/** @throws AppError 400 "Invalid parameters" if it is too long, or holds a character that no name or tag may have */
export function requireText(field: string, text: string, maxCodePoints: number) {
  if (!text.isWellFormed()) {
    throw parametersInvalid(`${field} ${quote(text)} holds half of a surrogate pair.`)
  }
  if (/\p{Cc}/u.test(text)) {
    throw parametersInvalid(`${field} ${quote(text)} holds a control character.`)
  }
  const length = [...text].length
  if (length > maxCodePoints) {
    throw parametersInvalid(
      `${field} ${quote(text)} has ${length} characters; at most ${maxCodePoints} are allowed.`,
    )
  }
}
