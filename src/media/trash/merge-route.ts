import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { Type } from '../../http/schema.ts'
import { type ItemAddresses, MediaItem } from '../item.ts'
import { Answer } from '../item-fields.ts'
import { mergeMedia } from './merge.ts'

/** Keeps the one transaction of a merge short. */
const MAX_MERGED = 1000

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })

/** Merges items into another one. */
export const mergeRoute: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
}> = async (app, { database, addresses }) => {
  app.route({
    method: 'POST',
    url: '/media/merge',
    config: {
      access: ['edit-media', 'delete-media'],
      failure: 'Error merging media',
      refusals: {
        400: 'Required parameters missing',
        404: 'Media not found',
        415: 'Unsupported media type',
      },
    },
    schema: {
      tags: ['media'],
      summary: 'Merge items into another one',
      description:
        'The item `into` gets the tags and collections of the others, and each text, rating, time and focus that it ' +
        'lacks. The others go to the trash. Until they are restored, their addresses by id lead to `into`. All or ' +
        'nothing is done.',
      body: Type.Object(
        {
          into: Id,
          ids: Type.Array(Id, { description: `Ids of up to ${MAX_MERGED} other items` }),
        },
        { additionalProperties: false },
      ),
      response: {
        200: Answer({
          media: MediaItem,
          warnings: Type.Optional(
            Type.Array(Type.String(), { description: 'What was left out, in sentences' }),
          ),
        }),
      },
    },
    handler: async (request) => {
      const { media, warnings } = await mergeMedia(
        database,
        readMerge(request.body),
        actorOf(request),
      )
      return {
        data: 'Media merged successfully',
        code: 200,
        media: addresses.inItem(media),
        ...(warnings.length > 0 && { warnings }),
      }
    },
  })
}

/** @throws AppError 400 if there is nothing to merge, too much, or an item with itself */
function readMerge({ into, ids }: { into: number; ids: readonly number[] }) {
  if (ids.length === 0) throw parametersMissing('ids is empty; give at least one id.')
  if (ids.length > MAX_MERGED) {
    throw parametersInvalid(`ids holds ${ids.length} ids; at most ${MAX_MERGED} are allowed.`)
  }
  if (ids.includes(into)) {
    throw parametersInvalid(`ids holds ${into}, which is into; an item is not merged into itself.`)
  }
  return { into, ids: [...new Set(ids)] }
}
