/** Whether a column may hold a value. */
export type Is = (value: unknown) => boolean

/** What the columns of a table hold. */
export type Columns = Readonly<Record<string, Is>>

/** The latest that JavaScript's dates know. */
const MAX_TIME = 8.64e15

export const isWhole: Is = (value) => Number.isSafeInteger(value) && Number(value) >= 0
export const isCount: Is = (value) => isWhole(value) && value !== 0
export const isTime: Is = (value) => isWhole(value) && Number(value) <= MAX_TIME

export const isFlag: Is = (value) => value === 0 || value === 1

export const matches =
  (pattern: RegExp): Is =>
  (value) =>
    typeof value === 'string' && pattern.test(value)

export const isSha256 = matches(/^[0-9a-f]{64}$/)

/** @param length in UTF-16 units */
export const isText =
  (length: number): Is =>
  (value) =>
    typeof value === 'string' && value.length <= length && value.isWellFormed()

/** A text without control characters, of at least one character. */
export const isLine =
  (length: number): Is =>
  (value) =>
    isText(length)(value) && value !== '' && !/\p{Cc}/u.test(String(value))

export const orNull =
  (is: Is): Is =>
  (value) =>
    value === null || is(value)
