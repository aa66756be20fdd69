import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mediaNotFound } from '../../base/errors.ts'
import type { VariantName } from '../../database/tables.ts'
import { inTurn, type ReadyAnswer } from '../../http/answer/answer-at-once.ts'
import { type ByteRange, sendObject, wholeHeaders } from '../../http/answer/send-object.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { createObjectCache } from '../../storage/object-cache.ts'
import { createAnswerMemory } from './answer-memory.ts'
import type { DeliveryOptions } from './delivery.ts'
import { explainMissing, IMAGE_CSP, openStream, readObject, redirectTo } from './open-object.ts'
import { readMediaId } from './read-media-id.ts'
import { createVariantLookup } from './variant-lookup.ts'
import type { Shown, StoredVariant } from './variants.ts'

type VariantOptions = Omit<DeliveryOptions, 'delivery' | 'api'> & { isPublic: boolean }

/** Up to here an object is sent faster from memory than as a stream. */
const MAX_READ_BYTES = 1024 * 1024
/** Up to here it takes no more memory than a stream would. */
const SMALL_BYTES = 64 * 1024
/** Against clients that ask for many large images and read slowly: past it they get streams. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

const TYPE = 'image/webp'

/** What everybody may see, pages of every site may read: the pixels, and the status of a refusal. */
const ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, Content-Range, Retry-After, X-Request-Id',
}

type RouteConfig = Pick<FastifyContextConfig, 'atOnce'>

interface ById {
  id: string
  res?: string
}

/** Sends scaled and high images, to everybody or to those who may view media. */
export const variantRoutes: FastifyPluginAsyncTypebox<VariantOptions> = async (
  app,
  { database, storage, renders, isPublic, deliveryCacheBytes, deliveryUse },
) => {
  const lookup = createVariantLookup(database)
  const cache = createObjectCache(
    (key, size) => readObject(storage, key, size),
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
  // Not for ever: the next recipe leads elsewhere, and a delete to nothing.
  const headersMoved = headersFor('public, max-age=3600')
  const headersByDigest = headersFor('public, max-age=31536000, immutable')

  /** Sends a variant, which is made first where there is none yet. */
  async function sendVariant(
    request: FastifyRequest,
    reply: FastifyReply,
    name: VariantName,
    shown: Shown | undefined,
    headers: typeof headersById,
  ) {
    if (!shown) throw mediaNotFound()
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

  /** Undefined for what is to be sent as a stream. */
  function readWhole({ key, size }: StoredVariant, response: ServerResponse) {
    if (size <= SMALL_BYTES) return cache.read(key, size)
    if (size > MAX_READ_BYTES || !memory.hold(size, response)) return undefined
    return cache.read(key, size, () =>
      memory.reuse((into) => readObject(storage, key, size, into), response),
    )
  }

  /**
   * What `sendVariant` would send to a plain request, where it is known which bytes these are. Storage
   * that sends them itself is not forestalled.
   */
  function recall(
    shown: Shown | undefined,
    headers: typeof headersById,
    response: ServerResponse,
  ): ReadyAnswer | Promise<ReadyAnswer> | undefined {
    const variant = shown?.variant
    const body = variant && !storage.redirect && readWhole(variant, response)
    if (!body) return undefined
    const { size } = variant
    const whole = wholeHeaders({ etag: etagOf(variant), type: TYPE, size, headers })
    const answer = (bytes: Buffer): ReadyAnswer => ({
      status: 200,
      headers: inTurn(whole),
      hasOwnPolicies: true,
      body: bytes,
    })
    return body instanceof Promise ? body.then(answer) : answer(body)
  }

  const recallById: RouteConfig['atOnce'] = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { id = '', res = 'scaled' } = params
    const [mediaId, name] = [readId(id), toVariantName(res)]
    if (mediaId === undefined || name === undefined) return undefined
    return recall(lookup.recallOfMedia(mediaId, name), headersById, response)
  }
  const recallByDigest: RouteConfig['atOnce'] = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { digest = '', file = '' } = params
    const name = FILES.get(file)
    return name && recall(lookup.recallByDigest(digest, name), headersByDigest, response)
  }
  const configById = isPublic ? { ...config, anyHost: true, atOnce: recallById } : config
  const configByDigest = isPublic ? { ...config, anyHost: true, atOnce: recallByDigest } : config

  const byId = async (request: FastifyRequest<{ Params: ById }>, reply: FastifyReply) => {
    const { id, res = 'scaled' } = request.params
    const name = toVariantName(res)
    if (name === undefined) throw noVariant()
    const shown = await lookup.ofMedia(readMediaId(id), name)
    return sendVariant(request, reply, name, shown, headersById)
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
      // Relative, so that it holds whatever path all of this is shown under.
      if (present) return reply.headers(headersMoved).redirect(`../${present}/${file}`, 308)
      return sendVariant(request, reply, name, shown, headersByDigest)
    },
  })
}

/** On every answer of these routes, and to the question whether a page may ask. Never with credentials. */
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

/** The names of immutable URLs. */
const FILES: ReadonlyMap<string, VariantName> = new Map([
  ['scaled.webp', 'scaled'],
  ['high.webp', 'high'],
])

const noVariant = () => mediaNotFound('The variants are scaled and high.')
