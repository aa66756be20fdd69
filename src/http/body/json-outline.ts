import { parametersMissing } from '../../base/errors.ts'

/** Of a key as it is written, escapes included; no key that is looked for is longer. */
const MAX_KEY_LENGTH = 64

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Follows a JSON text, as it comes, to where the string begins that is the value of a top-level key.
 * Whether it is JSON at all is not found out here, only where the key would be if it is.
 *
 * @returns a function that takes the text from an index of a chunk on, outside of that string, and
 *   returns the index of the string's first byte, or -1 if it does not begin in this chunk
 * @throws AppError 400, from that function, if the key comes twice
 */
export function createOutline(wanted: string): (chunk: Buffer, from: number) => number {
  /** Of objects and arrays around this byte; a count, because a body may be nested without end. */
  let depth = 0
  let isInString = false
  let isEscaped = false
  let mayBeKey = false
  /** As it is written, between its quotes; undefined unless the last string was a top-level key. */
  let key: string | undefined
  let isValueNext = false
  let seen = 0

  function followString(byte: number) {
    const ends = byte === QUOTE && !isEscaped
    isEscaped = byte === BACKSLASH && !isEscaped
    isInString = !ends
    if (!ends && key !== undefined && key.length < MAX_KEY_LENGTH) key += String.fromCharCode(byte)
  }

  function followStructure(byte: number) {
    isValueNext = byte === COLON && key !== undefined && readKey(key) === wanted
    if (isValueNext && ++seen > 1) {
      throw parametersMissing(`The body gives ${wanted} more than once.`)
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
    mayBeKey = depth === 1 && (byte === OPEN_OBJECT || byte === COMMA)
    key = undefined
  }

  return (chunk, from) => {
    for (const [index, byte] of chunk.subarray(from).entries()) {
      if (isInString) followString(byte)
      else if (byte === QUOTE) {
        if (isValueNext) {
          isValueNext = false
          return from + index + 1
        }
        isInString = true
        key = mayBeKey ? '' : undefined
        mayBeKey = false
      } else if (byte > SPACE) followStructure(byte)
    }
    return -1
  }
}

function readKey(written: string): string | undefined {
  try {
    return JSON.parse(`"${written}"`)
  } catch {
    return undefined
  }
}
