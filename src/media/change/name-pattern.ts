import { parametersInvalid, parametersMissing, quote } from '../../base/errors.ts'
import { isBlank } from '../../base/fold.ts'
import { MAX_NAME_CODE_POINTS, requireText } from '../parameters.ts'

/** What a new name is made of. */
export interface NameFacts {
  /** The running number, from 1 on. */
  n: number
  /** The name before. */
  name: string
  /** YYYY-MM-DD */
  date: string
}

/** Returns a name, trimmed and in NFC. It may be too long. */
export type NamePattern = (facts: NameFacts) => string

/** A placeholder, or a brace that is part of none. */
const PLACEHOLDER = /\{(?:(name|date)|n(?::([1-9]))?)\}|[{}]/g

/**
 * Reads a pattern of names: text with `{n}`, `{n:3}` (with at least three digits), `{name}` and `{date}`.
 * @throws AppError 400: "Required parameters missing" if it is blank, "Invalid parameters" if it is too long, has a
 *   brace that is part of no placeholder, or a character that no name may have
 */
export function readNamePattern(text: string): NamePattern {
  const pattern = text.trim().normalize('NFC')
  if (isBlank(pattern)) throw parametersMissing('rename is blank; give a pattern of names.')
  requireText('rename', pattern, MAX_NAME_CODE_POINTS)
  const stray = [...pattern.matchAll(PLACEHOLDER)].find(([found]) => found.length === 1)
  if (stray) {
    throw parametersInvalid(
      `rename is ${quote(text)}; each brace in it must be part of {n}, {n:3}, {name} or {date}.`,
    )
  }
  return ({ n, ...texts }) =>
    pattern
      .replace(PLACEHOLDER, (_, text: 'name' | 'date' | undefined, digits = '1') =>
        text === undefined ? String(n).padStart(Number(digits), '0') : texts[text],
      )
      .trim()
      .normalize('NFC')
}
