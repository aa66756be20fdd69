import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, quote } from '../../base/errors.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { readSelection, type SelectionBody, SelectionFields } from '../change/bulk-parameters.ts'
import {
  BulkAnswer,
  type BulkRoutesOptions,
  createSender,
  requireSight,
  SEARCH_RULE,
} from '../change/bulk-routes.ts'
import type { Selection } from '../change/selection.ts'
import type { ItemAddresses } from '../item.ts'
import { Answer } from '../item-fields.ts'
import { sendNothing } from '../library-state.ts'
import { mergeRoute } from './merge-route.ts'
import { restoreItems, restoreMedia, trashItems, trashMedia } from './trash.ts'

/** The routes of the trash. They exist only if there is a trash. They write no files. */
export const trashRoutes: FastifyPluginAsyncTypebox<
  BulkRoutesOptions & { addresses: ItemAddresses }
> = async (app, options) => {
  const { database } = options.library
  await app.register(bulkTrashRoutes, options)
  await app.register(mergeRoute, { database, addresses: options.addresses })

  const refusals = { 400: 'Required parameters missing', 404: 'Media not found' }
  const params = Type.Object({ id: IdParameter })
  const response = { 200: Answer() }
  app.route({
    method: 'POST',
    url: '/media/trash/:id',
    config: { access: 'delete-media', failure: 'Error moving media to the trash', refusals },
    schema: { tags: ['media'], summary: 'Move an item to the trash', params, response },
    handler: async (request) => {
      await trashMedia(database, requireId(request.params.id), actorOf(request))
      return { data: 'Media moved to the trash', code: 200 }
    },
  })
  app.route({
    method: 'POST',
    url: '/media/restore/:id',
    config: { access: 'delete-media', failure: 'Error restoring media', refusals },
    schema: { tags: ['media'], summary: 'Bring an item back from the trash', params, response },
    handler: async (request) => {
      await restoreMedia(database, requireId(request.params.id), actorOf(request))
      return { data: 'Media restored', code: 200 }
    },
  })
}

/** Moves many items to the trash, and brings many back. */
const bulkTrashRoutes: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (app, options) => {
  const send = createSender(app, options)
  const refusals = {
    400: 'Required parameters missing',
    415: 'Unsupported media type',
    503: 'Service busy',
  }
  app.route({
    method: 'OPTIONS',
    url: '/media/bulk/trash',
    config: { access: 'delete-media' },
    schema: {
      tags: ['media'],
      summary: 'Check whether there is a trash',
      response: { 204: Type.Null() },
    },
    handler: async (_request, reply) => sendNothing(reply, 204),
  })
  app.route({
    method: 'POST',
    url: '/media/bulk/trash',
    config: { access: 'delete-media', failure: 'Error moving media to the trash', refusals },
    schema: {
      tags: ['media'],
      summary: 'Move many items to the trash',
      description: SEARCH_RULE,
      body: Type.Object(SelectionFields, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(request.body)
      requireSight(request, selected)
      if ('filter' in selected && selected.filter?.in === 'trash') {
        throw parametersInvalid('in is "trash"; what is in the trash cannot be moved there.')
      }
      return send(request, reply, selected, {
        message: 'Media moved to the trash',
        work: ({ database }, ids) => trashItems(database, ids, actorOf(request)),
      })
    },
  })
  app.route({
    method: 'POST',
    url: '/media/bulk/restore',
    config: { access: 'delete-media', failure: 'Error restoring media', refusals },
    schema: {
      tags: ['media'],
      summary: 'Bring many items back from the trash',
      description: `A search or a filter selects among the items in the trash. ${SEARCH_RULE}`,
      body: Type.Object(SelectionFields, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readTrashSelection(request.body)
      return send(request, reply, selected, {
        message: 'Media restored',
        work: ({ database }, ids) => restoreItems(database, ids, actorOf(request)),
      })
    },
  })
}

/**
 * Reads which items of the trash are selected.
 * @throws AppError 400, like `readSelection`, and for a search or a filter of the library
 */
function readTrashSelection(body: SelectionBody): Selection {
  const selection = readSelection(body)
  if ('ids' in selection) return selection
  if (body.in !== undefined && body.in !== 'trash') {
    throw parametersInvalid(`in is ${quote(body.in)}; only items in the trash can be restored.`)
  }
  return { ...selection, filter: { ...selection.filter, in: 'trash' } }
}
