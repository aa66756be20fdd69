import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, quote } from '../../base/errors.ts'
import { acceptMergePatch } from '../../http/body/parse-json.ts'
import { readText } from '../../http/query-parameters.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { Answer } from '../item-fields.ts'
import type { Library } from '../library.ts'
import { isUnchanged, type ReadState, sendNothing } from '../library-state.ts'
import { addCollection, changeCollection, MAX_COLLECTIONS } from './change-collection.ts'
import { createCleaner } from './cleaner.ts'
import { Collection, CollectionList, listCollections } from './collection.ts'
import {
  CollectionPatchFields,
  NewCollectionFields,
  readCollectionPatch,
  readNewCollection,
} from './collection-fields.ts'
import { deleteCollection } from './delete-collection.ts'
import { MoveFields, readMove } from './move-fields.ts'
import { moveItems } from './move-items.ts'

const Changed = Answer({ collection: Collection })
const Id = Type.Object({ id: IdParameter })

const MISSING = 'Required parameters missing'
const NOT_FOUND = 'Collection not found'
const NAME_TAKEN = 'Name taken'
const MEDIA_TYPE = 'Unsupported media type'

/** Collections and saved searches. */
export const collectionRoutes: FastifyPluginAsyncTypebox<{
  library: Library
  readState: ReadState
}> = async (app, { library, readState }) => {
  const { database } = library
  const cleaner = createCleaner(library)
  app.addHook('onListen', async () => cleaner.start())
  app.addHook('onClose', () => cleaner.stop())
  acceptMergePatch(app)
  const answer = (verb: 'added' | 'updated' | 'deleted', collection: Collection) => ({
    data: `Collection ${verb} successfully`,
    code: 200,
    collection,
  })

  app.route({
    method: 'GET',
    url: '/collections',
    config: { access: 'view-media', failure: 'Error listing collections' },
    schema: {
      tags: ['collections'],
      summary: 'All collections',
      description: `At most ${MAX_COLLECTIONS}. Saved searches are among them.`,
      response: { 200: CollectionList, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      if (await isUnchanged(request, reply, readState, 'collections'))
        return sendNothing(reply, 304)
      const collections = await database.read.transaction().execute(listCollections)
      return { collections }
    },
  })

  app.route({
    method: 'POST',
    url: '/collections',
    config: {
      access: 'edit-media',
      failure: 'Error adding the collection',
      refusals: {
        400: MISSING,
        404: NOT_FOUND,
        409: `${NAME_TAKEN} Or: Too many collections`,
        415: MEDIA_TYPE,
      },
    },
    schema: {
      tags: ['collections'],
      summary: 'Make a collection, or a saved search',
      description: 'It comes behind its siblings.',
      body: Type.Object(NewCollectionFields, { additionalProperties: false }),
      response: { 200: Changed },
    },
    handler: async (request) => {
      const fields = readNewCollection(request.body)
      return answer('added', await addCollection(database, fields, actorOf(request)))
    },
  })

  app.route({
    method: 'PATCH',
    url: '/collections/:id',
    config: {
      access: 'edit-media',
      failure: 'Error updating the collection',
      refusals: { 400: MISSING, 404: NOT_FOUND, 409: NAME_TAKEN, 415: MEDIA_TYPE },
    },
    schema: {
      tags: ['collections'],
      summary: 'Rename, describe or move a collection, or give it a cover',
      description: 'A JSON merge patch (RFC 7396).',
      params: Id,
      body: Type.Object(CollectionPatchFields, { additionalProperties: false }),
      response: { 200: Changed },
    },
    // The reader of patches gives clearer answers than a schema.
    validatorCompiler: () => () => true,
    handler: async (request) => {
      const id = requireId(request.params.id)
      const patch = readCollectionPatch(request.body)
      return answer('updated', await changeCollection(database, id, patch, actorOf(request)))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/collections/:id',
    config: {
      access: 'edit-media',
      failure: 'Error deleting the collection',
      refusals: { 400: MISSING, 404: NOT_FOUND, 409: 'Collection not empty' },
    },
    schema: {
      tags: ['collections'],
      summary: 'Delete a collection; its items stay in the library',
      params: Id,
      querystring: Type.Object({
        recursive: Type.Optional(
          Type.Boolean({ default: false, description: 'Also delete its sub-collections' }),
        ),
      }),
      response: { 200: Changed },
    },
    handler: async (request) => {
      const id = requireId(request.params.id)
      const isRecursive = readFlag(readText(request.query, 'recursive'), 'recursive')
      const options = { isRecursive, by: actorOf(request) }
      const { collection, isClean } = await deleteCollection(database, id, options)
      if (!isClean) cleaner.wake()
      return answer('deleted', collection)
    },
  })

  app.route({
    method: 'POST',
    url: '/collections/:id/order',
    config: {
      access: 'edit-media',
      failure: 'Error ordering the collection',
      refusals: { 400: MISSING, 404: NOT_FOUND, 415: MEDIA_TYPE },
    },
    schema: {
      tags: ['collections'],
      summary: 'Move items within the order of a collection',
      params: Id,
      body: Type.Object(MoveFields, { additionalProperties: false }),
      response: { 200: Changed },
    },
    handler: async (request) => {
      const id = requireId(request.params.id)
      const move = readMove(request.body)
      return answer('updated', await moveItems(database, id, move, actorOf(request)))
    },
  })
}

function readFlag(text: string | undefined, name: string): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw parametersInvalid(`${name} is ${quote(text)}; it must be true or false.`)
}
