import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mediaNotFound } from '../../base/errors.ts'
import type { CacheUse } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import type { VariantName } from '../../database/tables.ts'
import { type FastAnswer, toRawHeaders } from '../../http/answer/fast-path.ts'
import { sendObject, wholeHeaders } from '../../http/answer/send-object.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { createObjectCache } from '../../storage/object-cache.ts'
import type { ByteRange, Storage } from '../../storage/storage.ts'
import { createAnswerMemory } from './answer-memory.ts'
import {
  explainMissing,
  IMAGE_CSP,
  openStream,
  readBytes,
  readMediaId,
  redirectTo,
  sendPresent,
} from './open-object.ts'
import type { VariantRenders } from './renders.ts'
import { createVariantLookup, type Shown, type StoredVariant } from './variant-lookup.ts'

export interface VariantOptions {
  database: Database
  storage: Storage
  renders: VariantRenders
  /** Whether everybody may see variants, or only callers who may view media. */
  isPublic: boolean
  /** Bytes of memory for recently sent images. */
  deliveryCacheBytes: number
  deliveryUse: CacheUse
}

/** Up to this size, an object is sent faster from memory than as a stream. */
const MAX_READ_BYTES = 1024 * 1024
/** Up to this size, an object in memory takes no more memory than a stream. */
const SMALL_BYTES = 64 * 1024
/** Guards against clients that request many large images and read slowly: above it, answers are streams. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

const TYPE = 'image/webp'

/** Pages of every site may read a public image: its pixels, and the status of an error. */
const ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, Content-Range, Retry-After, X-Request-Id',
}

type RouteConfig = Pick<FastifyContextConfig, 'fastPath'>

interface ById {
  id: string
  res?: string
}

/** Sends scaled and high images, to everybody or to callers who may view media. */
export const variantRoutes: FastifyPluginAsyncTypebox<VariantOptions> = async (
  app,
  { database, storage, renders, isPublic, deliveryCacheBytes, deliveryUse },
) => {
  const lookup = createVariantLookup(database)
  const cache = createObjectCache(
    (key, size) => readBytes(storage, key, size),
    deliveryCacheBytes,
    deliveryUse,
  )
  const memory = createAnswerMemory(MAX_HELD_BYTES, MAX_READ_BYTES)
  const config = {
    access: isPublic ? 'public' : 'view-media',
    failure: 'Error processing media',
    refusals: { 404: 'Media not found', 503: 'Service busy' },
  } as const

  const headersFor = (cacheControl: string) => ({
    'cache-control': isPublic ? cacheControl : 'private, no-cache',
    'cross-origin-resource-policy': isPublic ? 'cross-origin' : 'same-origin',
    'content-security-policy': IMAGE_CSP,
    ...(isPublic && ANY_ORIGIN),
  })
  if (isPublic) allowAnyOrigin(app)
  const headersById = headersFor('no-cache')
  // Not for ever: the target changes with the next recipe, and is gone after a delete.
  const headersMoved = headersFor('public, max-age=3600')
  const headersByDigest = headersFor('public, max-age=31536000, immutable')

  /** Sends a variant, and renders it first if it does not exist yet. */
  async function sendVariant(
    request: FastifyRequest,
    reply: FastifyReply,
    name: VariantName,
    shown: Shown,
    headers: typeof headersById,
  ) {
    const variant = shown.variant ?? (await renders.render(shown.fileId, name))
    const cacheControl = headers['cache-control']
    return sendObject(request, reply, {
      etag: etagOf(variant),
      type: TYPE,
      size: variant.size,
      open: (range) => openVariant(variant, range, reply),
      redirect: redirectTo(storage, variant.key, { type: TYPE, cacheControl }),
      headers,
    })
  }

  function openVariant(variant: StoredVariant, range: ByteRange | undefined, reply: FastifyReply) {
    const whole = range === undefined ? readWhole(variant, reply.raw) : undefined
    return explainMissing<Buffer | Readable>(
      database,
      variant.key,
      whole ?? openStream(storage, variant, range),
    )
  }

  /** The whole variant in memory; undefined if it must be sent as a stream. */
  function readWhole({ key, size }: StoredVariant, response: ServerResponse) {
    if (size <= SMALL_BYTES) return cache.read(key, size)
    if (size > MAX_READ_BYTES || !memory.hold(size, response)) return undefined
    return cache.read(key, size, () =>
      memory.reuse((into) => readBytes(storage, key, size, into), response),
    )
  }

  /**
   * The answer that `sendVariant` would give to a plain request; undefined if it needs a query or a stream.
   * Also undefined for storage that sends objects itself: there `sendVariant` must redirect.
   */
  function recall(
    shown: Shown | undefined,
    headers: typeof headersById,
    response: ServerResponse,
  ): FastAnswer | Promise<FastAnswer> | undefined {
    const variant = shown?.variant
    const body = variant && !storage.redirect && readWhole(variant, response)
    if (!body) return undefined
    const { size } = variant
    const whole = wholeHeaders({ etag: etagOf(variant), type: TYPE, size, headers })
    const answer = (bytes: Buffer): FastAnswer => ({
      status: 200,
      headers: toRawHeaders(whole),
      hasOwnPolicies: true,
      body: bytes,
    })
    return body instanceof Promise ? body.then(answer) : answer(body)
  }

  const recallById: RouteConfig['fastPath'] = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { id = '', res = 'scaled' } = params
    const [mediaId, name] = [readId(id), toVariantName(res)]
    if (mediaId === undefined || name === undefined) return undefined
    return recall(lookup.recallOfMedia(mediaId, name), headersById, response)
  }
  const recallByDigest: RouteConfig['fastPath'] = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { digest = '', file = '' } = params
    const name = FILES.get(file)
    return name && recall(lookup.recallByDigest(digest, name), headersByDigest, response)
  }
  const configById = isPublic ? { ...config, anyHost: true, fastPath: recallById } : config
  const configByDigest = isPublic ? { ...config, anyHost: true, fastPath: recallByDigest } : config

  const byId = async (request: FastifyRequest<{ Params: ById }>, reply: FastifyReply) => {
    const { id, res = 'scaled' } = request.params
    const name = toVariantName(res)
    if (name === undefined) throw noVariant()
    const mediaId = readMediaId(id)
    return sendPresent(
      () => lookup.ofMedia(mediaId, name),
      (shown) => sendVariant(request, reply, name, shown, headersById),
    )
  }
  const params = { id: IdParameter }
  const tags = ['delivery']
  const response = { 200: binaryAnswer(TYPE, 'The image'), 304: Type.Null() }
  const responseByDigest = { ...response, 308: Type.Null() }
  app.route({
    method: 'GET',
    url: '/media/image/:id',
    config: configById,
    schema: {
      summary: 'Show an item, scaled to fit 400 x 400',
      params: Type.Object(params),
      response,
      tags,
    },
    handler: byId,
  })
  app.route({
    method: 'GET',
    url: '/media/image/:id/:res',
    config: configById,
    schema: {
      summary: 'Show an item: scaled (fits 400 x 400) or high (fits 2560 x 2560)',
      params: Type.Object({
        ...params,
        res: Type.Union([Type.Literal('scaled'), Type.Literal('high')]),
      }),
      response,
      tags,
    },
    handler: byId,
  })
  app.route({
    method: 'GET',
    url: '/media/file/:digest/:file',
    config: configByDigest,
    schema: {
      summary: 'The immutable URL of an image, as in `urls` of an item',
      params: Type.Object({
        digest: Type.String(),
        file: Type.Union([Type.Literal('scaled.webp'), Type.Literal('high.webp')]),
      }),
      response: responseByDigest,
      tags,
    },
    handler: async (request, reply) => {
      const { digest, file } = request.params
      const name = FILES.get(file)
      if (name === undefined) throw noVariant()
      const shown = await lookup.byDigest(digest, name)
      const present = shown ? undefined : await lookup.presentDigest(digest, name)
      // Relative, so that it is right under any base path.
      if (present) return reply.headers(headersMoved).redirect(`../${present}/${file}`, 308)
      if (!shown) throw mediaNotFound()
      return sendVariant(request, reply, name, shown, headersByDigest)
    },
  })
}

/** Adds the CORS headers to every answer of these routes, and answers preflights. Never with credentials. */
function allowAnyOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.removeHeader('access-control-allow-credentials').headers(ANY_ORIGIN)
  })
  for (const url of ['/media/image/:id', '/media/image/:id/:res', '/media/file/:digest/:file']) {
    app.route({
      method: 'OPTIONS',
      url,
      config: { access: 'public', anyHost: true },
      schema: { hide: true },
      handler: (_request, reply) =>
        reply
          .code(204)
          .headers({
            'access-control-allow-methods': 'GET, HEAD, OPTIONS',
            'access-control-allow-headers': 'range, if-none-match, if-match, if-range',
            'access-control-max-age': '86400',
          })
          .send(),
    })
  }
}

const etagOf = ({ sha256 }: StoredVariant) => `"${sha256}"`

const toVariantName = (text: string): VariantName | undefined =>
  text === 'scaled' || text === 'high' ? text : undefined

/** The file names in immutable URLs. */
const FILES: ReadonlyMap<string, VariantName> = new Map([
  ['scaled.webp', 'scaled'],
  ['high.webp', 'high'],
])

const noVariant = () => mediaNotFound('The variants are scaled and high.')
