import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../../http/schema.ts'
import { allowAnyOrigin } from '../delivery/any-origin.ts'
import { createImageHeaders } from '../delivery/image-headers.ts'
import type { SourceLookup } from '../delivery/source-lookup.ts'
import { ANSWERS, IMAGE_PARAMETERS, REFUSALS } from './descriptions.ts'
import type { FindPlace, Iiif } from './iiif.ts'

const URLS = [
  '/iiif/:key',
  '/iiif/:key/info.json',
  '/iiif/:key/:region/:size/:rotation/:file',
] as const

/** The IIIF Image API for everybody, or for callers who may view media. Images have the key of their addresses. */
export const iiifRoutes: FastifyPluginAsyncTypebox<{
  iiif: Iiif
  sources: SourceLookup
  isPublic: boolean
  publicUrl: string
}> = async (app, { iiif, sources, isPublic, publicUrl }) => {
  const headersFor = createImageHeaders(isPublic)
  const headers = {
    image: headersFor('public, max-age=31536000, immutable'),
    // Not for ever: it changes with the settings, and is gone after a delete.
    other: headersFor('public, max-age=3600'),
  }
  if (isPublic) allowAnyOrigin(app, URLS)

  const findBy =
    (key: string): FindPlace =>
    async () => {
      const source = await sources.byKey(key)
      if (source) return { source, base: `${publicUrl}/iiif/${key}`, headers }
      const present = await sources.presentKey(key)
      const isThere = present !== undefined && (await sources.byKey(present)) !== undefined
      return isThere ? { moved: { to: present, headers: headers.other } } : undefined
    }

  const config = {
    access: isPublic ? 'public' : 'view-media',
    ...(isPublic && { anyHost: true }),
    ...REFUSALS,
  } as const
  const key = Type.String({ description: 'As in `urls` of an item' })
  const [base, info, image] = URLS
  app.route({
    method: 'GET',
    url: base,
    config,
    schema: {
      summary: 'The base URI of an image of the IIIF Image API, which leads to its information',
      params: Type.Object({ key }),
      response: ANSWERS.base,
      tags: ['delivery'],
    },
    handler: ({ params }, reply) => iiif.sendBase(findBy(params.key), reply),
  })
  app.route({
    method: 'GET',
    url: info,
    config,
    schema: {
      summary: 'The information of an image, by the IIIF Image API 3.0',
      params: Type.Object({ key }),
      response: ANSWERS.info,
      tags: ['delivery'],
    },
    handler: (request, reply) => iiif.sendInfo(findBy(request.params.key), request, reply),
  })
  app.route({
    method: 'GET',
    url: image,
    config,
    schema: {
      summary: 'An image, or a part of it, by the IIIF Image API 3.0 at level 2',
      params: Type.Object({ key, ...IMAGE_PARAMETERS }),
      response: ANSWERS.image,
      tags: ['delivery'],
    },
    handler: (request, reply) => iiif.sendImage(findBy(request.params.key), request, reply),
  })
}
