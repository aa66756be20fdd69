import { isAscii } from 'node:buffer'
import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { createBase64Decoder } from './base64.ts'
import type { IncomingFile, UploadBody } from './incoming-file.ts'
import { malformed, parseJson } from './parse-json.ts'

/** Bytes of a body beside the image: they are kept in memory and parsed in one go. */
const MAX_REST_BYTES = 1024 * 1024

/**
 * Reads a JSON body whose top-level string `image` is base64, while the body arrives. The decoded string goes
 * to the file. In the rest of the body an empty string takes its place, and the rest is parsed like any other
 * body once it is complete.
 *
 * @throws AppError 400 if the body is malformed, gives `image` twice, or holds too much besides
 */
export async function readJsonUpload(
  chunks: AsyncIterable<Buffer>,
  file: IncomingFile,
  fieldNames: readonly string[],
): Promise<UploadBody> {
  const base64 = createBase64Decoder()
  const rest = createByteList(MAX_REST_BYTES)
  const split = createSplitter(rest.add)
  for await (const chunk of chunks) await file.write(base64.write(split(chunk)))

  const body = parseJson(rest.concat())
  await file.write(base64.end())
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw parametersMissing('The body must be a JSON object with the member image.')
  }
  const members: Record<string, unknown> = { ...body }
  const fields = Object.fromEntries(fieldNames.map((name) => [name, members[name]]))
  const refusal = base64.refusal && `image is not base64: it ${base64.refusal}.`
  return { fields, refusal }
}

/** Returns the part of a chunk that belongs to the image, and gives everything else to `addToRest`. */
function createSplitter(addToRest: (bytes: Buffer) => void): (chunk: Buffer) => string {
  const findImage = createOutline('image')
  const readImage = createStringReader()
  let isInImage = false

  return (chunk) => {
    let image = ''
    let at = 0
    for (;;) {
      if (!isInImage) {
        const start = findImage(chunk, at)
        addToRest(chunk.subarray(at, start === -1 ? chunk.length : start))
        if (start === -1) return image
        at = start
      }
      const { text, end } = readImage(chunk, at)
      image += text
      isInImage = end === -1
      if (isInImage) return image
      at = end + 1
      addToRest(chunk.subarray(end, at))
    }
  }
}

/** Joins bytes in one buffer, however small the pieces are. */
function createByteList(maxBytes: number) {
  let bytes = Buffer.alloc(1024)
  let length = 0
  return {
    add(more: Buffer) {
      const needed = length + more.length
      if (needed > maxBytes) {
        throw parametersInvalid(`The body holds over ${maxBytes} bytes beside the image.`)
      }
      if (needed > bytes.length) {
        bytes = Buffer.concat([bytes], Math.min(Math.max(2 * bytes.length, needed), maxBytes))
      }
      more.copy(bytes, length)
      length = needed
    },
    concat: () => bytes.subarray(0, length),
  }
}

const CONTROL = /[^ -\xff]/
/** An escape, the beginning of one at the end of the text, or a backslash that does not begin one. */
const ESCAPE = /\\(?:(["\\/bfnrt])|u([0-9a-fA-F]{4})|(u?[0-9a-fA-F]{0,3}$)|)/g

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * Reads a JSON string piece by piece, from behind its opening quote. It is as fast as a search: text without
 * escapes passes through unchanged.
 *
 * @returns a function that takes a chunk and the index to start at. It returns the text that the bytes stand
 *   for and the index of the closing quote, or -1 if the string goes on. Bytes outside of ASCII are only
 *   checked; each stands for one character
 * @throws AppError 400, from that function, if the string is not valid JSON
 */
function createStringReader(): (chunk: Buffer, from: number) => { text: string; end: number } {
  /** The beginning of an escape at the end of the last chunk. */
  let open = ''
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  let isAllAscii = true

  return (chunk, from) => {
    const all = open + chunk.toString('latin1', from)
    const end = findEnd(all)
    const written = end === -1 ? all : all.slice(0, end)
    const stop = end === -1 ? chunk.length : from + end - open.length
    const bytes = chunk.subarray(from, stop)
    isAllAscii &&= isAscii(bytes)
    if (!isAllAscii) checkUtf8(bytes, end !== -1)

    open = ''
    const text = isPlain(written) ? written : readEscapes(written)
    if (end !== -1 && open !== '') throw malformed('a string ends in the middle of an escape')
    return { text, end: end === -1 ? -1 : stop }
  }

  function readEscapes(written: string): string {
    if (CONTROL.test(written)) throw malformed('a string holds an unescaped control character')
    return written.replace(ESCAPE, decodeEscape)
  }

  function decodeEscape(_escape: string, short?: string, code?: string, part?: string): string {
    if (short !== undefined) return SHORT_ESCAPES[short] ?? short
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
    if (part === undefined) throw malformed('a string holds an invalid escape')
    open = `\\${part}`
    return ''
  }

  function checkUtf8(bytes: Buffer, isLast: boolean) {
    try {
      utf8.decode(bytes, { stream: !isLast })
    } catch {
      throw malformed('it is not in UTF-8')
    }
  }
}

/**
 * Whether JSON writes the text unchanged: it has no control characters, quotes and backslashes. V8 checks
 * many characters at once here, and takes a third of the time of a regular expression.
 */
const isPlain = (text: string): boolean => JSON.stringify(text).length === text.length + 2

/** The first quote that is not escaped: one after an even number of backslashes. */
function findEnd(text: string): number {
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) {
    let first = at
    while (text[first - 1] === '\\') first--
    if ((at - first) % 2 === 0) return at
  }
  return -1
}

/** Characters of a key as written, escapes included. No wanted key is longer. */
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
 * Follows a JSON text piece by piece to the beginning of the string that is the value of a top-level key. It
 * does not check whether the text is valid JSON; it only finds where the key would be if it is.
 *
 * @returns a function that takes a chunk and the index to start at, outside of that string. It returns the
 *   index of the string's first byte, or -1 if the string does not begin in this chunk
 * @throws AppError 400, from that function, if the key occurs twice
 */
function createOutline(wanted: string): (chunk: Buffer, from: number) => number {
  /** Objects and arrays around this byte. Only a count, because a body may be nested without end. */
  let depth = 0
  let isInString = false
  let isEscaped = false
  let mayBeKey = false
  /** The key as written, between its quotes; undefined unless the last string was a top-level key. */
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
