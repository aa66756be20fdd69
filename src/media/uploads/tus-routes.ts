import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../../auth/actor.ts'
import { AppError, parametersInvalid } from '../../base/errors.ts'
import { unsupportedMediaType } from '../../http/answer/render-errors.ts'
import { hasBody } from '../../http/answer/slow-clients.ts'
import type { BasePath } from '../../http/base-path.ts'
import { createBufferFreer } from '../../http/body/free-buffers.ts'
import { createIncomingFile, imageTooLarge } from '../../http/body/incoming-file.ts'
import { readChunks } from '../../http/body/read-upload.ts'
import { Type } from '../../http/schema.ts'
import { type Library, NO_FILE_SERVICE } from '../library.ts'
import { sendNothing } from '../library-state.ts'
import { createCompletion, type UploadState } from './complete-upload.ts'
import {
  CHECKSUM_ALGORITHMS,
  type Checksum,
  readChecksum,
  readLength,
  readMetadata,
  readOffset,
  TUS_EXTENSIONS,
  TUS_VERSION,
} from './tus-headers.ts'
import {
  type AddedUpload,
  LIFETIME_MS,
  openUploadStore,
  readPieces,
  type UploadRecord,
  uploadGone,
} from './upload-store.ts'

const CONTENT_TYPE = 'application/offset+octet-stream'
const SWEEP_MS = 3600 * 1000

export interface TusRoutesOptions {
  library: Library
  maxImageBytes: number
  basePath: BasePath
  /** Whether this instance takes uploads at all. */
  fileService: boolean
  /** Folder of unfinished uploads. */
  uploadsFolder: string
  /** Bytes that they may have together. */
  uploadBytes: number
  instance: string | undefined
}

/** Resumable uploads by the protocol tus: https://tus.io/protocols/resumable-upload */
export const tusRoutes: FastifyPluginAsyncTypebox<TusRoutesOptions> = async (app, options) => {
  const { library, maxImageBytes, basePath } = options
  const store = await openUploadStore({
    folder: options.uploadsFolder,
    instance: options.instance,
    maxBytes: options.uploadBytes,
    maxImageBytes,
  })
  const completion = await createCompletion(library, store, maxImageBytes)
  const chunkWasRead = createBufferFreer()
  /** The request whose body is being read, for each upload. */
  const receiving = new Map<string, IncomingMessage>()

  app.removeAllContentTypeParsers()
  app.addContentTypeParser(CONTENT_TYPE, async () => undefined)
  app.addContentTypeParser('*', async (request: FastifyRequest) => {
    if (hasBody(request.raw)) throw unsupportedMediaType(request, CONTENT_TYPE)
  })
  app.addHook('onRequest', async ({ method, headers }, reply) => {
    reply.header('tus-resumable', TUS_VERSION)
    if (method === 'OPTIONS' || headers['tus-resumable'] === TUS_VERSION) return
    throw new AppError('tus-version', 412, 'Precondition failed', {
      detail: `Tus-Resumable is ${headers['tus-resumable'] ?? 'missing'}; it must be ${TUS_VERSION}.`,
      headers: { 'tus-version': TUS_VERSION },
    })
  })
  if (options.fileService && !library.database.isReadOnly) {
    const sweep = () =>
      store
        .sweep()
        .catch((error) => app.log.warn({ err: error }, 'Old uploads could not be removed'))
    const timer = setInterval(sweep, SWEEP_MS).unref()
    app.addHook('onListen', async () => void sweep())
    app.addHook('onClose', async () => clearInterval(timer))
  }
  // Their clients go on at the next start. To wait for them would take as long as they send.
  app.addHook('preClose', async () => {
    for (const request of receiving.values()) request.destroy()
  })

  /** @throws AppError 404 or 410 if the upload cannot go on */
  async function find(request: FastifyRequest<{ Params: { id: string } }>): Promise<UploadState> {
    const by = actorOf(request)
    const found = await store.find(request.params.id, by.accountId ?? '')
    if (!found) {
      throw new AppError('upload-not-found', 404, 'Upload not found', {
        detail: 'This account has no such upload here. Begin a new one.',
      })
    }
    if (found.end && 'refused' in found.end) throw uploadGone('Its image was refused.')
    return found.end ? { upload: found, size: undefined } : completion.inspect(found, by)
  }

  /**
   * Where the client goes on. The last byte counts only when there is an item: a client that hears of the whole length
   * takes the upload for done.
   */
  function offsetOf({ upload, size }: UploadState): number {
    return upload.end ? upload.length : Math.min(size ?? upload.length, upload.length - 1)
  }

  const describe = (reply: FastifyReply, upload: UploadRecord, offset: number) =>
    reply.headers({
      'upload-offset': String(offset),
      'upload-expires': new Date(upload.began + LIFETIME_MS).toUTCString(),
      'cache-control': 'no-store',
      ...(upload.end && 'media' in upload.end && answerOf(upload.end)),
    })

  /** Takes the body of a request, and completes the upload with its last byte. */
  async function receive(
    request: FastifyRequest,
    upload: UploadRecord,
    at: number,
    checksum: Checksum | undefined,
  ): Promise<{ upload: UploadRecord; offset: number }> {
    const { id, length } = upload
    const most = length - at
    if (Number(request.headers['content-length'] ?? 0) > most) {
      throw parametersInvalid(`The body goes beyond the ${length} bytes of Upload-Length.`)
    }
    // The client has come back: an earlier request of it will send nothing more.
    receiving.get(id)?.destroy()
    receiving.set(id, request.raw)
    try {
      const chunks = readChunks(request, most, chunkWasRead)
      if (checksum) await appendChecked(upload, at, chunks, checksum)
      else await store.append(upload, at, chunks)
    } finally {
      if (receiving.get(id) === request.raw) receiving.delete(id)
    }
    const size = await store.size(id)
    if (size !== undefined && size < length) return { upload, offset: size }
    return finish(request, upload)
  }

  async function finish(request: FastifyRequest, upload: UploadRecord) {
    const end = await completion.complete(upload, actorOf(request))
    return { upload: { ...upload, end }, offset: upload.length }
  }

  /** Nothing of the bytes counts before all of them were compared. */
  async function appendChecked(
    upload: UploadRecord,
    at: number,
    chunks: AsyncIterable<Buffer>,
    { algorithm, digest }: Checksum,
  ): Promise<void> {
    const file = createIncomingFile(library.temporary.newFile, upload.length)
    const hash = createHash(algorithm)
    try {
      for await (const chunk of chunks) {
        hash.update(chunk)
        await file.write(chunk)
      }
      const spooled = await file.finish()
      if (hash.digest('base64') !== digest) {
        throw new AppError('checksum-mismatch', 460, 'Checksum mismatch', {
          detail: 'The bytes are not those of Upload-Checksum. Send them again.',
        })
      }
      if (spooled) await store.append(upload, at, readPieces(spooled.path))
    } finally {
      await file.discard()
    }
  }

  const shared = {
    access: 'add-media',
    failure: 'Error adding media',
  } as const
  const tags = ['media']
  const IdOfUpload = Type.Object({ id: Type.String() })
  const NOT_HERE = {
    404: 'Upload not found',
    410: 'Upload gone',
    412: 'Precondition failed',
  } as const
  const RECEIVING = {
    400: 'Required parameters missing',
    415: 'Unsupported media type',
    422: 'Error adding media',
    460: 'Checksum mismatch',
    503: `${NO_FILE_SERVICE} Or: Service busy`,
  } as const

  app.route({
    method: 'OPTIONS',
    url: '/media/uploads',
    config: { access: 'session', refusals: { 503: NO_FILE_SERVICE } },
    schema: {
      tags,
      summary: 'Tell what resumable uploads can do here',
      response: { 204: Type.Null() },
    },
    handler: async (_request, reply) => {
      reply.headers({
        'tus-version': TUS_VERSION,
        'tus-extension': TUS_EXTENSIONS,
        'tus-max-size': String(maxImageBytes),
        'tus-checksum-algorithm': CHECKSUM_ALGORITHMS.join(','),
      })
      return sendNothing(reply, 204)
    },
  })

  app.route({
    method: 'POST',
    url: '/media/uploads',
    config: {
      ...shared,
      refusals: { ...RECEIVING, 412: NOT_HERE[412], 413: 'Image too large' },
    },
    schema: {
      tags,
      summary: 'Begin a resumable upload',
      description:
        'By tus 1.0.0. `Upload-Metadata` carries `filename`, `name` and `tags`. The body may hold the first bytes.',
      response: { 201: Type.Null() },
    },
    handler: async (request, reply) => {
      const { headers } = request
      if (headers['upload-defer-length'] !== undefined) {
        throw parametersInvalid('Upload-Defer-Length is not supported; give Upload-Length.')
      }
      const length = readLength(headers['upload-length'])
      if (length > maxImageBytes) {
        throw imageTooLarge(`The image has ${length} bytes; at most ${maxImageBytes} are allowed.`)
      }
      const metadata = String(headers['upload-metadata'] ?? '')
      const fields = readMetadata(metadata)
      const checksum = readChecksum(headers['upload-checksum'])
      const account = actorOf(request).accountId ?? ''
      const begun = await store.begin({ account, length, metadata, fields })
      reply.header('location', `${basePath}/media/uploads/${begun.id}`)
      let state = { upload: begun, offset: 0 }
      if (hasBody(request.raw)) {
        try {
          state = await receive(request, begun, 0, checksum)
        } catch (error) {
          // The client does not know the address, so it cannot go on.
          await store.remove(begun.id)
          reply.removeHeader('location')
          throw error
        }
      }
      describe(reply, state.upload, state.offset)
      return sendNothing(reply, 201)
    },
  })

  const tell = async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const state = await find(request)
    const { upload } = state
    describe(reply, upload, offsetOf(state)).headers({
      'upload-length': String(upload.length),
      ...(upload.metadata !== '' && { 'upload-metadata': upload.metadata }),
    })
    return sendNothing(reply, 200)
  }
  const goOn = async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const { headers } = request
    if (!headers['content-type']?.startsWith(CONTENT_TYPE)) {
      throw unsupportedMediaType(request, CONTENT_TYPE)
    }
    const at = readOffset(headers['upload-offset'])
    const checksum = readChecksum(headers['upload-checksum'])
    const found = await find(request)
    const { upload, size } = found
    const offset = offsetOf(found)
    if (at !== offset) {
      throw new AppError('upload-offset', 409, 'Conflict', {
        detail: `Upload-Offset is ${at}; the upload goes on at ${offset}.`,
        headers: { 'upload-offset': String(offset) },
      })
    }
    // Being completed already: nothing more is needed of the body.
    const isWhole = size === undefined
    const state = upload.end
      ? { upload, offset }
      : await (isWhole ? finish(request, upload) : receive(request, upload, at, checksum))
    describe(reply, state.upload, state.offset)
    return sendNothing(reply, 204)
  }
  const end = async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const { upload } = await find(request)
    await store.remove(upload.id)
    return sendNothing(reply, 204)
  }

  app.route({
    method: 'HEAD',
    url: '/media/uploads/:id',
    config: { ...shared, refusals: NOT_HERE },
    schema: {
      tags,
      summary: 'Tell how much of a resumable upload has arrived',
      params: IdOfUpload,
      response: { 200: Type.Null() },
    },
    handler: tell,
  })
  app.route({
    method: 'PATCH',
    url: '/media/uploads/:id',
    config: { ...shared, refusals: { ...NOT_HERE, ...RECEIVING, 409: 'Conflict' } },
    schema: {
      tags,
      summary: 'Go on with a resumable upload',
      description: 'The answer to the last byte carries `X-Media-Id`, the id of the new item.',
      params: IdOfUpload,
      response: { 204: Type.Null() },
    },
    handler: goOn,
  })
  app.route({
    method: 'DELETE',
    url: '/media/uploads/:id',
    config: { ...shared, refusals: NOT_HERE },
    schema: {
      tags,
      summary: 'End a resumable upload',
      params: IdOfUpload,
      response: { 204: Type.Null() },
    },
    handler: end,
  })
  // For clients behind proxies that pass on no other methods.
  app.route({
    method: 'POST',
    url: '/media/uploads/:id',
    config: { ...shared, refusals: NOT_HERE },
    schema: { hide: true, params: IdOfUpload },
    handler: async (request, reply) => {
      const method = request.headers['x-http-method-override']
      if (method === 'PATCH') return goOn(request, reply)
      if (method === 'DELETE') return end(request, reply)
      if (method === 'HEAD') return tell(request, reply)
      throw new AppError('method-not-allowed', 405, 'Method not allowed', {
        detail: 'X-HTTP-Method-Override must be HEAD, PATCH or DELETE.',
        headers: { allow: 'HEAD, PATCH, DELETE' },
      })
    },
  })
}

/** What an add tells in its body. */
const answerOf = ({ media, duplicates }: AddedUpload) => ({
  'x-media-id': String(media),
  ...(duplicates.length > 0 && { 'x-media-duplicates': duplicates.join(',') }),
})
