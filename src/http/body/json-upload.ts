import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { createBase64Decoder } from './base64.ts'
import type { IncomingFile } from './incoming-file.ts'
import { createOutline } from './json-outline.ts'
import { createStringReader } from './json-string.ts'
import { parseJson } from './parse-json.ts'
import type { UploadBody, UploadFields } from './upload-body.ts'

/** What a body may hold beside the image: it is kept in memory and parsed at a stretch. */
const MAX_REST_BYTES = 1024 * 1024

/**
 * Reads a JSON body whose top-level string `image` is base64, as it comes: what the string holds
 * goes to the file, decoded. In the rest an empty string takes its place, and the rest is parsed as
 * any body once it is there.
 *
 * @throws AppError 400 if the body is malformed, gives `image` twice, or holds too much besides
 */
export async function readJsonUpload(
  chunks: AsyncIterable<Buffer>,
  file: IncomingFile,
): Promise<UploadBody> {
  const base64 = createBase64Decoder()
  const rest = createByteList(MAX_REST_BYTES)
  const split = createSplitter(rest.add)
  for await (const chunk of chunks) await file.write(base64.write(split(chunk)))

  const body = parseJson(rest.concat())
  await file.write(base64.end())
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw parametersMissing('The body must be a JSON object with name, tags and image.')
  }
  const { name, tags }: Partial<UploadFields> = body
  const refusal = base64.refusal && `image is not base64: it ${base64.refusal}.`
  return { fields: { name, tags }, refusal }
}

/** Returns what of the image is in a chunk, and gives away everything else. */
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

/** Bytes in a row, in one piece of memory however small the pieces are in which they come. */
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
