import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Database } from '../database/database.ts'
import type { VariantName } from '../database/tables.ts'
import { AppError, mediaNotFound } from '../errors.ts'
import { binaryAnswer } from '../http/openapi.ts'
import { IdParameter, readId } from '../http/read-id.ts'
import { attachment, type ByteRange, sendObject } from '../http/send-object.ts'
import { findNamedKeys } from '../storage/named-keys.ts'
import { ObjectMissing, type RedirectHeaders, type Storage } from '../storage/storage.ts'
import type { HighRenders } from './high.ts'
import { findOriginal, findVariantByDigest, findVariantOfMedia, type Shown } from './variants.ts'

export interface DeliveryOptions {
  database: Database
  storage: Storage
  highRenders: HighRenders
  delivery: 'public' | 'private' | 'off'
  api: boolean
}

/** Up to here an object is sent faster from memory than as a stream. */
const MAX_READ_BYTES = 64 * 1024

/** Nothing in an image may do anything, whoever opens it where. */
const IMAGE_CSP = "default-src 'none'; sandbox"

/** The routes that send image bytes: public variants, and originals for those who may see them. */
export const deliveryRoutes: FastifyPluginAsyncTypebox<DeliveryOptions> = async (app, options) => {
  if (options.delivery !== 'off') await app.register(variantRoutes, options)
  if (options.api) await app.register(originalRoute, options)
}

const variantRoutes: FastifyPluginAsyncTypebox<DeliveryOptions> = async (
  app,
  { database, storage, highRenders, delivery },
) => {
  const isPublic = delivery === 'public'
  const config = {
    access: isPublic ? 'public' : 'view-media',
    failure: 'Error processing media',
    refusals: { 404: 'Media not found', 503: 'Service busy' },
  } as const

  /** Sends a variant; `high` is made first where there is none yet. */
  async function sendVariant(
    request: FastifyRequest,
    reply: FastifyReply,
    name: VariantName,
    shown: Shown | undefined,
    cacheControl: string,
  ) {
    if (!shown) throw mediaNotFound()
    if (!shown.variant && name === 'scaled') {
      throw new Error(`The file ${shown.fileId} has no scaled variant.`)
    }
    const variant = shown.variant ?? (await highRenders.render(shown.fileId))
    const type = 'image/webp'
    const kept = isPublic ? cacheControl : 'private, no-cache'
    return sendObject(request, reply, {
      etag: `"${variant.sha256}"`,
      type,
      size: variant.size,
      open: (range) => openObject({ database, storage }, variant, range),
      redirect: redirectTo(storage, variant.key, { type, cacheControl: kept }),
      headers: {
        'cache-control': kept,
        'cross-origin-resource-policy': isPublic ? 'cross-origin' : 'same-origin',
        'content-security-policy': IMAGE_CSP,
      },
    })
  }

  const byId = async (
    request: FastifyRequest<{ Params: { id: string; res?: string } }>,
    reply: FastifyReply,
  ) => {
    const { id, res = 'scaled' } = request.params
    const name = readVariant(res)
    const mediaId = readMediaId(id)
    const shown = await findVariantOfMedia(database.read, mediaId, name)
    return sendVariant(request, reply, name, shown, 'no-cache')
  }
  const params = { id: IdParameter }
  const tags = ['delivery']
  const response = { 200: binaryAnswer('image/webp', 'The image'), 304: Type.Null() }
  app.route({
    method: 'GET',
    url: '/media/image/:id',
    config,
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
    config,
    schema: {
      summary: 'Show an item: scaled (fits 400 x 400) or high (fits 2560 x 2560)',
      params: Type.Object({ ...params, res: VariantParameter }),
      response,
      tags,
    },
    handler: byId,
  })
  app.route({
    method: 'GET',
    url: '/media/file/:digest/:file',
    config,
    schema: {
      summary: 'The immutable URL of an image, as in `urls` of an item',
      params: Type.Object({
        digest: Type.String(),
        file: Type.Union([Type.Literal('scaled.webp'), Type.Literal('high.webp')]),
      }),
      response,
      tags,
    },
    handler: async (request, reply) => {
      const { digest, file } = request.params
      const name = readVariant(file.replace(/\.webp$/, ''))
      if (!file.endsWith('.webp')) throw mediaNotFound()
      const shown = await findVariantByDigest(database.read, digest, name)
      return sendVariant(request, reply, name, shown, 'public, max-age=31536000, immutable')
    },
  })
}

const originalRoute: FastifyPluginAsyncTypebox<DeliveryOptions> = async (
  app,
  { database, storage },
) => {
  app.route({
    method: 'GET',
    url: '/media/original/:id',
    config: {
      access: 'view-media',
      failure: 'Error processing media',
      refusals: { 404: 'Media not found' },
    },
    schema: {
      summary: 'Download the original, byte for byte as uploaded',
      params: Type.Object({ id: IdParameter }),
      response: { 200: binaryAnswer('image/*', 'The original'), 304: Type.Null() },
      tags: ['delivery'],
    },
    handler: async (request, reply) => {
      const original = await findOriginal(database.read, readMediaId(request.params.id))
      if (!original) throw mediaNotFound()
      const { name, key, type, size, sha256 } = original
      const extension = key.slice(key.lastIndexOf('.'))
      const cacheControl = 'private, no-cache'
      const disposition = attachment(
        name.toLowerCase().endsWith(extension) ? name : name + extension,
      )
      return sendObject(request, reply, {
        etag: `"${sha256}"`,
        type,
        size,
        open: (range) => openObject({ database, storage }, { key, size }, range),
        redirect: redirectTo(storage, key, { type, cacheControl, disposition }),
        headers: {
          'cache-control': cacheControl,
          'cross-origin-resource-policy': 'same-origin',
          'content-security-policy': IMAGE_CSP,
          'content-disposition': disposition,
        },
      })
    },
  })
}

const VariantParameter = Type.Union([Type.Literal('scaled'), Type.Literal('high')])

function readVariant(text: string): VariantName {
  if (text === 'scaled' || text === 'high') return text
  throw mediaNotFound('The variants are scaled and high.')
}

function readMediaId(text: string): number {
  const id = readId(text)
  if (id === undefined) throw mediaNotFound('An id is a whole number from 1 on.')
  return id
}

/**
 * An object that is gone because its item was deleted since its row was read is no fault: "Media not
 * found". One that a row still names is.
 */
async function openObject(
  { database, storage }: Pick<DeliveryOptions, 'database' | 'storage'>,
  { key, size }: { key: string; size: number },
  range: ByteRange | undefined,
) {
  try {
    if (range === undefined && size <= MAX_READ_BYTES) {
      const bytes = await storage.read(key)
      requireSize(key, bytes.length, size)
      return bytes
    }
    const object = await storage.open(key, range)
    if (object.size !== size) object.stream.destroy()
    requireSize(key, object.size, size)
    return object.stream
  } catch (error) {
    if (!(error instanceof ObjectMissing)) throw error
    if ((await findNamedKeys(database.read, [key])).length === 0) throw mediaNotFound()
    throw mediaDamaged(key, error)
  }
}

/**
 * For storage that sends objects itself: the address is kept by nobody but the caches of an answer
 * that anybody may have for ever, and by those well short of the time for which it is good.
 */
function redirectTo({ redirect }: Storage, key: string, headers: RedirectHeaders) {
  if (!redirect) return undefined
  const { seconds } = redirect
  const isForEver = headers.cacheControl.endsWith('immutable')
  return async () => ({
    url: await redirect.addressOf(key, headers),
    cacheControl: isForEver ? `public, max-age=${Math.floor(seconds / 2)}` : 'no-store',
  })
}

/** Bytes that were damaged in storage are not sent. */
function requireSize(key: string, found: number, expected: number) {
  if (found === expected) return
  throw mediaDamaged(key, new Error(`${key} has ${found} bytes instead of ${expected}.`))
}

/** Storage has lost an object or damaged it; so has what was moved aside because it is damaged. */
function mediaDamaged(key: string, cause: Error) {
  const detail = key.startsWith('originals/')
    ? 'The original is missing from storage or damaged; a backup or an upload of the same image brings it back.'
    : 'This image is missing from storage or damaged; vitrine doctor --repair renders it anew.'
  return new AppError('media-damaged', 500, 'Error processing media', { detail, cause })
}
