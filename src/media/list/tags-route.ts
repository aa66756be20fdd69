import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { foldTerm } from '../../base/fold.ts'
import type { Database } from '../../database/database.ts'
import { readInteger, readText } from '../../http/query-parameters.ts'
import { type Static, Type } from '../../http/schema.ts'
import { isUnchanged, type ReadState, sendNothing } from '../library-state.ts'
import { listTags } from '../tags.ts'
import { checkSearchLength, isWhiteSpace } from './search.ts'

const DEFAULT_LIMIT = 50
/** Against answers that grow with the library. */
const MAX_LIMIT = 1000

export const TagCount = Type.Object({
  tag: Type.String({ description: 'As most items write it' }),
  count: Type.Integer({ description: 'How many items have it, whatever the case' }),
})

export const TagList = Type.Object(
  {
    tags: Type.Array(TagCount),
    total: Type.Integer({ description: 'How many tags there are without a limit' }),
  },
  { title: 'TagList' },
)
export type TagList = Static<typeof TagList>

/** The tags in use. */
export const tagsRoute: FastifyPluginAsyncTypebox<{
  database: Database
  readState: ReadState
}> = async (app, { database, readState }) => {
  app.route({
    method: 'GET',
    url: '/media/tags',
    config: {
      access: 'view-media',
      failure: 'Error listing tags',
      refusals: { 400: 'Invalid parameters' },
    },
    schema: {
      tags: ['media'],
      summary: 'List the tags in use',
      description:
        'The tags that most items have come first. Tags that differ in case alone are one.',
      querystring: Type.Object({
        search: Type.Optional(
          Type.String({ maxLength: 255, description: 'Must occur within the tag, as one piece' }),
        ),
        limit: Type.Optional(
          Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
        ),
      }),
      response: { 200: TagList, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      const text = readText(request.query, 'search') ?? ''
      checkSearchLength(text.trim())
      const query = {
        search: isWhiteSpace(text) ? '' : foldTerm(text.trim()),
        limit: readInteger(request.query, 'limit', {
          fallback: DEFAULT_LIMIT,
          min: 1,
          max: MAX_LIMIT,
        }),
      }
      if (await isUnchanged(request, reply, readState, ['tags', query])) {
        return sendNothing(reply, 304)
      }
      return database.read.transaction().execute((trx) => listTags(trx, query))
    },
  })
}
