import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'
import { readSelection, SelectionFields } from '../change/bulk-parameters.ts'
import {
  BulkAnswer,
  type BulkRoutesOptions,
  createSender,
  requireSight,
  SEARCH_RULE,
} from '../change/bulk-routes.ts'
import { MAX_COLLECTIONS_OF_ITEM } from '../members.ts'
import { type CollectionChange, collectItems } from './collect-items.ts'
import { requireAddable, requireKnown } from './requirements.ts'

const Ids = Type.Optional(
  Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), {
    description: `Ids of up to ${MAX_COLLECTIONS_OF_ITEM} collections`,
  }),
)

/** Puts many items into collections, and takes many out. */
export const bulkCollectionsRoute: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (
  app,
  options,
) => {
  const send = createSender(app, options)
  const { read } = options.library.database
  app.route({
    method: 'POST',
    url: '/media/bulk/collections',
    config: {
      access: 'edit-media',
      failure: 'Error updating media',
      refusals: {
        400: 'Required parameters missing',
        404: 'Collection not found',
        415: 'Unsupported media type',
        503: 'Service busy',
      },
    },
    schema: {
      tags: ['collections'],
      summary: 'Put many items into collections, and take them out',
      description: SEARCH_RULE,
      body: Type.Object(
        { ...SelectionFields, add: Ids, remove: Ids },
        { additionalProperties: false },
      ),
      response: { 200: BulkAnswer },
    },
    handler: async (request, reply) => {
      const selected = readSelection(request.body)
      const change = readCollectionChange(request.body)
      requireSight(request, selected)
      await requireKnown(read, [...change.add, ...change.remove])
      await requireAddable(read, change.add)
      return send(request, reply, selected, {
        message: 'Media updated successfully',
        work: ({ database }, ids) => collectItems(database, ids, change, actorOf(request)),
      })
    },
  })
}

function readCollectionChange(body: {
  add?: readonly number[]
  remove?: readonly number[]
}): CollectionChange {
  const add = readIds(body.add, 'add')
  const remove = readIds(body.remove, 'remove')
  if (add.length + remove.length === 0) {
    throw parametersMissing('add and remove hold no id; give at least one.')
  }
  const both = add.find((id) => remove.includes(id))
  if (both !== undefined) {
    throw parametersInvalid(`The collection ${both} is in both add and remove; give it in one.`)
  }
  return { add, remove }
}

function readIds(given: readonly number[] = [], name: string): number[] {
  const ids = [...new Set(given)].sort((a, b) => a - b)
  if (ids.length <= MAX_COLLECTIONS_OF_ITEM) return ids
  throw parametersInvalid(
    `${name} holds ${ids.length} ids; at most ${MAX_COLLECTIONS_OF_ITEM} are allowed.`,
  )
}
