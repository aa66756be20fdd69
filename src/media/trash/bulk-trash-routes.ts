import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, quote } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'
import {
  InTrashField,
  readSelection,
  requireEnd,
  type SelectionBody,
  SelectionFields,
} from '../change/bulk-parameters.ts'
import {
  BulkAnswer,
  type BulkRoutesOptions,
  createSender,
  SEARCH_RULE,
} from '../change/bulk-routes.ts'
import { sendNothing } from '../library-state.ts'
import { restoreItems, trashItems } from './trash.ts'

/** Moves many items to the trash, and brings many back. */
export const bulkTrashRoutes: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (
  app,
  options,
) => {
  const send = createSender(app, options)
  const refusals = {
    400: 'Required parameters missing',
    415: 'Unsupported media type',
    503: 'Service busy',
  }
  const UNTIL_RULE = `With \`search\`, \`until\` is required. ${SEARCH_RULE}`
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
      description: UNTIL_RULE,
      body: Type.Object(SelectionFields, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(request.body)
      requireEnd(selected)
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
      description: `A search selects among the items in the trash. ${UNTIL_RULE}`,
      body: Type.Object({ ...SelectionFields, ...InTrashField }, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(inTrash(request.body))
      requireEnd(selected)
      return send(request, reply, selected, {
        message: 'Media restored',
        work: ({ database }, ids) => restoreItems(database, ids, actorOf(request)),
      })
    },
  })
}

/** @throws AppError 400 "Invalid parameters" if a search is to select anywhere else */
function inTrash(body: SelectionBody): SelectionBody {
  if (body.search === undefined) return body
  const { in: place = 'trash' } = body
  if (place === 'trash') return { ...body, in: place }
  throw parametersInvalid(`in is ${quote(place)}; only items in the trash can be restored.`)
}
