import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { networkOf } from '../../auth/actor.ts'
import type { CacheUse } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import { type FastAnswer, toRawHeaders } from '../../http/answer/fast-path.ts'
import { sendObject, wholeHeaders } from '../../http/answer/send-object.ts'
import { createObjectCache } from '../../storage/object-cache.ts'
import type { ByteRange, Storage } from '../../storage/storage.ts'
import { createAnswerMemory } from './answer-memory.ts'
import type { ImageHeaders } from './image-headers.ts'
import type { Shown } from './image-lookup.ts'
import { explainMissing, openStream, readBytes, redirectTo } from './open-object.ts'
import type { ImageRenders } from './renders.ts'
import type { RenditionUses } from './rendition-uses.ts'
import type { StoredImage } from './source-lookup.ts'

/** Up to this size, an object is sent faster from memory than as a stream. */
const MAX_READ_BYTES = 1024 * 1024
/** Up to this size, an object in memory takes no more memory than a stream. */
const SMALL_BYTES = 64 * 1024
/** Guards against clients that request many large images and read slowly: above it, answers are streams. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

export interface SendOptions {
  database: Database
  storage: Storage
  renders: ImageRenders
  uses: RenditionUses
  /** Bytes of memory for recently sent images. */
  deliveryCacheBytes: number
  deliveryUse: CacheUse
}

/** Sends the bytes of derived images, from memory if they are small. */
export function createSendImage({
  database,
  storage,
  renders,
  uses,
  deliveryCacheBytes,
  deliveryUse,
}: SendOptions) {
  const cache = createObjectCache(
    (key, size) => readBytes(storage, key, size),
    deliveryCacheBytes,
    deliveryUse,
  )
  const memory = createAnswerMemory(MAX_HELD_BYTES, MAX_READ_BYTES)

  /** Sends an image, and renders it first if it does not exist yet. */
  async function send(
    request: FastifyRequest,
    reply: FastifyReply,
    shown: Shown,
    headers: ImageHeaders,
  ) {
    const { fileId, wanted, type } = shown
    const image = shown.stored ?? (await renders.render(fileId, wanted, networkOf(request.ip)))
    if (shown.stored) noteUse(shown)
    const cacheControl = headers['cache-control']
    return sendObject(request, reply, {
      etag: etagOf(image),
      type,
      size: image.size,
      open: (range) => open(image, range, reply),
      redirect: redirectTo(storage, image.key, { type, cacheControl }),
      headers: withVary(headers, shown),
    })
  }

  function open(image: StoredImage, range: ByteRange | undefined, reply: FastifyReply) {
    const whole = range === undefined ? readWhole(image, reply.raw) : undefined
    return explainMissing<Buffer | Readable>(
      database,
      image.key,
      whole ?? openStream(storage, image, range),
    )
  }

  /** The whole image in memory; undefined if it must be sent as a stream. */
  function readWhole({ key, size }: StoredImage, response: ServerResponse) {
    if (size <= SMALL_BYTES) return cache.read(key, size)
    if (size > MAX_READ_BYTES || !memory.hold(size, response)) return undefined
    return cache.read(key, size, () =>
      memory.reuse((into) => readBytes(storage, key, size, into), response),
    )
  }

  /**
   * The answer that `send` would give to a plain request; undefined if it needs a query or a stream. Also undefined for
   * storage that sends objects itself: there `send` must redirect.
   */
  function recall(
    shown: Shown | undefined,
    headers: ImageHeaders,
    response: ServerResponse,
  ): FastAnswer | Promise<FastAnswer> | undefined {
    const image = shown?.stored
    const body = image && !storage.redirect && readWhole(image, response)
    if (!body) return undefined
    noteUse(shown)
    const whole = wholeHeaders({
      etag: etagOf(image),
      type: shown.type,
      size: image.size,
      headers: withVary(headers, shown),
    })
    const answer = (bytes: Buffer): FastAnswer => ({
      status: 200,
      headers: toRawHeaders(whole),
      hasOwnPolicies: true,
      body: bytes,
    })
    return body instanceof Promise ? body.then(answer) : answer(body)
  }

  const noteUse = ({ fileId, wanted }: Shown) => {
    if (wanted.plan) uses.note(fileId, wanted.name)
  }

  return { send, recall }
}

export type SendImage = ReturnType<typeof createSendImage>

const etagOf = ({ sha256 }: StoredImage) => `"${sha256}"`

const withVary = (headers: ImageHeaders, { varies }: Shown): ImageHeaders =>
  varies ? { ...headers, vary: 'Accept' } : headers
