import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import type { BulkRoutesOptions } from '../change/bulk-routes.ts'
import type { ItemAddresses } from '../item.ts'
import { Answer } from '../item-fields.ts'
import { bulkTrashRoutes } from './bulk-trash-routes.ts'
import { mergeRoute } from './merge-route.ts'
import { restoreMedia, trashMedia } from './trash.ts'

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
