import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { BasePath } from '../../http/base-path.ts'
import { IdParameter } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import type { FindById } from '../delivery/find-by-id.ts'
import { createImageHeaders, HEADERS_IN_TRASH } from '../delivery/image-headers.ts'
import { readMediaId } from '../delivery/open-object.ts'
import { ANSWERS, IMAGE_PARAMETERS, REFUSALS } from './descriptions.ts'
import type { FindPlace, Iiif } from './iiif.ts'

/**
 * The IIIF Image API for callers who may view media, for the viewer of the page. It is served whether the public one is
 * or not. The `id` of an image is a path, because the page knows its own origin.
 */
export const itemIiifRoutes: FastifyPluginAsyncTypebox<{
  iiif: Iiif
  findById: FindById
  basePath: BasePath
}> = async (app, { iiif, findById, basePath }) => {
  const headers = createImageHeaders(false)('')
  const shown = { image: headers, other: headers }
  const inTrash = { image: HEADERS_IN_TRASH, other: HEADERS_IN_TRASH }

  const findBy = (request: FastifyRequest<{ Params: { id: string } }>): FindPlace => {
    const id = readMediaId(request.params.id)
    return async () => {
      const found = await findById(request, id)
      if (!found) return undefined
      const { into, inTrash: isInTrash, ...source } = found
      if (into !== undefined) return { moved: { to: `../${into}/iiif`, headers } }
      const base = `${basePath}/media/item/${id}/iiif`
      return { source, base, headers: isInTrash ? inTrash : shown }
    }
  }

  const config = { access: 'view-media', ...REFUSALS } as const
  const querystring = Type.Object({ in: Type.Optional(Type.Literal('trash')) })
  app.route({
    method: 'GET',
    url: '/media/item/:id/iiif',
    config,
    schema: {
      summary: "The base of an item's image for the page's viewer, which leads to its information",
      params: Type.Object({ id: IdParameter }),
      querystring,
      response: ANSWERS.base,
      tags: ['delivery'],
    },
    handler: (request, reply) => iiif.sendBase(findBy(request), reply),
  })
  app.route({
    method: 'GET',
    url: '/media/item/:id/iiif/info.json',
    config,
    schema: {
      summary:
        "The information of an item's image for the page's viewer, as the IIIF Image API has it",
      params: Type.Object({ id: IdParameter }),
      querystring,
      response: ANSWERS.info,
      tags: ['delivery'],
    },
    handler: (request, reply) => iiif.sendInfo(findBy(request), request, reply),
  })
  app.route({
    method: 'GET',
    url: '/media/item/:id/iiif/:region/:size/:rotation/:file',
    config,
    schema: {
      summary: "A part of an item's image for the page's viewer, as the IIIF Image API has it",
      params: Type.Object({ id: IdParameter, ...IMAGE_PARAMETERS }),
      querystring,
      response: ANSWERS.image,
      tags: ['delivery'],
    },
    handler: (request, reply) => iiif.sendImage(findBy(request), request, reply),
  })
}
