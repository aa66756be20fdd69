import type { IncomingHttpHeaders } from 'node:http'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { type AppError, parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { IncomingFile, UploadBody } from './incoming-file.ts'

/** Limits tiny parts, each of which costs far more than its bytes. */
const MAX_PARTS = 1000
/** Bytes of one field: texts in many languages. Beside the image nothing is worth more memory. */
const MAX_FIELD_BYTES = 512 * 1024
const MAX_FIELDS_BYTES = 1024 * 1024

/**
 * Reads a multipart/form-data body (RFC 7578) with `image` as a file, while the body arrives: the image goes
 * to the file. Parts other than `image` and the given fields are ignored.
 *
 * @param fieldNames of plain fields. One that is repeated becomes an array
 * @throws AppError 400 if the body is malformed, gives two images or an image that is not a file, or goes
 *   over a limit
 */
export async function readMultipartUpload(
  headers: IncomingHttpHeaders,
  chunks: AsyncIterable<Buffer>,
  file: IncomingFile,
  fieldNames: readonly string[],
): Promise<UploadBody> {
  const parser = createParser(headers)
  const parts = collectParts(parser, new Set(fieldNames))
  for await (const chunk of chunks) {
    await write(parser, chunk)
    for (const bytes of parts.takeImage()) await file.write(bytes)
  }
  parser.end()
  await parts.ended
  for (const bytes of parts.takeImage()) await file.write(bytes)
  const fields = [...parts.values].map(([name, values]) => [
    name,
    name === 'tags' ? toTags(values) : values.length > 1 ? values : values[0],
  ])
  return {
    fields: Object.fromEntries(fields),
    fileName: parts.fileName(),
    refusal: undefined,
  }
}

/** A form has no empty array, so `[]` stands for it. */
function toTags(values: readonly string[]): unknown {
  const [first, ...more] = values
  if (more.length > 0) return values
  return first === '[]' ? [] : first
}

/** Collects what the parser finds. A problem is thrown at the next `takeImage`. */
function collectParts(parser: BusboyInstance, fieldNames: ReadonlySet<string>) {
  const values = new Map<string, string[]>()
  let image: Buffer[] = []
  let fileName: string | undefined
  let images = 0
  let fieldsBytes = 0
  let problem: AppError | undefined

  // Listens from the beginning: the parser may finish with an odd body before its `end` is called.
  const ended = new Promise<void>((resolve) => {
    parser.once('finish', resolve)
    parser.on('error', () => {
      problem ??= malformed('it ends before its last boundary')
      resolve()
    })
  })
  parser.on('partsLimit', () => {
    problem ??= parametersInvalid(`The body has more than ${MAX_PARTS} parts.`)
  })
  parser.on('field', (name, value, _nameIsCut, isCut) => {
    if (name === 'image' && value !== '') {
      problem ??= parametersMissing(
        'image is a plain field; in multipart/form-data it must be a file.',
      )
    }
    if (!fieldNames.has(name)) return
    values.set(name, [...(values.get(name) ?? []), value])
    fieldsBytes += value.length
    if (isCut || fieldsBytes > MAX_FIELDS_BYTES) {
      problem ??= parametersInvalid(`${name} is longer than any accepted value.`)
    }
    if (value.includes('\uFFFD')) problem ??= malformed(`${name} is not in UTF-8`)
  })
  parser.on('file', (name, stream, givenName?: string) => {
    // The parser itself reports the error.
    stream.on('error', () => {})
    if (fieldNames.has(name)) {
      problem ??= parametersMissing(`${name} is a file; it must be a plain field.`)
    }
    if (name === 'image' && ++images > 1) {
      problem ??= parametersMissing('The body gives image more than once.')
    }
    if (name === 'image') fileName = givenName
    if (name === 'image') stream.on('data', (bytes: Buffer) => image.push(bytes))
    else stream.resume()
  })

  return {
    values,
    fileName: () => fileName,
    ended,
    takeImage(): Buffer[] {
      if (problem) throw problem
      const taken = image
      image = []
      return taken
    },
  }
}

function createParser(headers: IncomingHttpHeaders): BusboyInstance {
  try {
    return heard(
      new Busboy({
        headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
        limits: { parts: MAX_PARTS, fieldSize: MAX_FIELD_BYTES, headerSize: 16 * 1024 },
        // An image with a type other than text/plain is a file even without a file name.
        isPartAFile: (name, type, fileName) =>
          fileName !== undefined || (name === 'image' && type !== 'text/plain'),
      }),
    )
  } catch {
    throw malformed('its content type gives no boundary, or one that is too long')
  }
}

/** Resolves when the chunk has been parsed. */
function write(parser: BusboyInstance, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    parser.write(chunk, (error) => (error ? reject(malformed('it cannot be read')) : resolve()))
  })
}

const malformed = (why: string): AppError =>
  parametersMissing(`The body is not acceptable multipart/form-data: ${why}.`)
