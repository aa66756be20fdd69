import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import { brokenOff, unsupportedMediaType } from '../answer/render-errors.ts'
import {
  createIncomingFile,
  imageTooLarge,
  type SpooledFile,
  type UploadFields,
} from './incoming-file.ts'
import { readJsonUpload } from './json-upload.ts'
import { readMultipartUpload } from './multipart-upload.ts'

export type { SpooledFile } from './incoming-file.ts'

/** Bytes of a body beside the image. */
const FIELD_BYTES = 1024 * 1024

const ACCEPTED = ['application/json', 'multipart/form-data']

export interface Upload {
  fields: UploadFields
  /** True if the fields are those of a form, so all of them are texts. */
  isForm: boolean
  /** The name that the image's file has on the client, if it told one. */
  fileName: string | undefined
  /** Undefined if there is no image (absent, null, no string, empty), or a problem with it. */
  image: SpooledFile | undefined
  /** What is wrong with the image. It is answered only after the fields have been checked. */
  problem: AppError | undefined
  /** Removes the image's file. A second call does nothing. */
  discard(): Promise<void>
}

/**
 * Lets the routes of this plugin receive unread bodies, for `readUpload`: JSON and multipart/form-data, and
 * no others. A body whose declared length is too large is refused unread.
 */
export function acceptUploads(
  app: FastifyInstance,
  { maxImageBytes }: { maxImageBytes: number },
): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(ACCEPTED, async () => undefined)
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    throw unsupportedMediaType(request, ACCEPTED.join(' or '))
  })
  // Schemas of such bodies only describe them.
  app.setValidatorCompiler(() => () => true)
  app.addHook('preParsing', async (request) => {
    const limit = bodyLimit(request, maxImageBytes)
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > limit) {
      throw imageTooLarge(`The body has ${declared} bytes; at most ${limit} are allowed.`)
    }
  })
}

/**
 * Reads a body with an image, in bounded memory. The image goes to a temporary file while it arrives. No file
 * is left if reading fails.
 *
 * @param fieldNames the members or plain fields that are read
 * @param temporaryFile gives a path that was never used before
 * @param chunkWasRead see `createBufferFreer`
 * @throws AppError 413 "Image too large" as soon as it is; 400 if the body is malformed, or breaks off; the
 *   disk's own error if it fails
 */
export async function readUpload(
  request: FastifyRequest,
  {
    fieldNames,
    maxImageBytes,
    temporaryFile,
    chunkWasRead,
  }: {
    fieldNames: readonly string[]
    maxImageBytes: number
    temporaryFile: () => string
    chunkWasRead: (bytes: number) => void
  },
): Promise<Upload> {
  const file = createIncomingFile(temporaryFile, maxImageBytes)
  const chunks = readChunks(request, bodyLimit(request, maxImageBytes), chunkWasRead)
  try {
    const isForm = isMultipart(request)
    const { fields, fileName, refusal } = isForm
      ? await readMultipartUpload(request.headers, chunks, file, fieldNames)
      : await readJsonUpload(chunks, file, fieldNames)
    const upload = { fields, isForm, fileName, discard: file.discard }
    if (refusal !== undefined) {
      await file.discard()
      return { ...upload, image: undefined, problem: refused(request, refusal) }
    }
    return { ...upload, image: await file.finish(), problem: undefined }
  } catch (error) {
    await file.discard()
    throw error
  }
}

const isMultipart = ({ mediaType }: FastifyRequest) => mediaType === 'multipart/form-data'

/** base64 takes a third more bytes than the image. Line breaks or escapes take further bytes. */
const bodyLimit = (request: FastifyRequest, maxImageBytes: number) =>
  (isMultipart(request) ? maxImageBytes : Math.floor(1.5 * maxImageBytes)) + FIELD_BYTES

const refused = ({ routeOptions }: FastifyRequest, detail: string) =>
  new AppError('image-refused', 500, routeOptions.config.failure ?? 'Internal server error', {
    detail,
  })

/**
 * The chunks of the body, read on demand. Stopping early leaves the connection open.
 * @param limit bytes of the body
 * @throws AppError 413 past the limit, 400 if the body breaks off
 */
export async function* readChunks(
  { raw }: Pick<FastifyRequest, 'raw'>,
  limit: number,
  chunkWasRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let size = 0
  try {
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > limit) throw imageTooLarge(`The body is over the ${limit} bytes allowed.`)
      yield chunk
      chunkWasRead(chunk.length)
    }
  } catch (error) {
    throw error instanceof AppError ? error : brokenOff(error)
  }
}
