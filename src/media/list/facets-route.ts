import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '../../database/database.ts'
import { type Static, Type } from '../../http/schema.ts'
import { readFacetCounts } from '../filter/facet-counts.ts'
import { isUnchanged, type ReadState, sendNothing } from '../library-state.ts'
import { TagCount } from './tags-route.ts'

const Counts = (description: string) =>
  Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description,
  })

export const Facets = Type.Object(
  {
    types: Counts('How many items are of each format, by its short name: `{"jpeg": 12}`'),
    tags: Type.Array(TagCount, { description: 'The 100 most used ones' }),
    years: Counts('How many items were taken in each year, by `takenAt`: `{"2026": 3}`'),
    lacks: Type.Object(
      { alt: Type.Integer(), tags: Type.Integer(), collection: Type.Integer() },
      { description: 'How many items lack it' },
    ),
    trash: Type.Integer({ description: 'How many items are in the trash' }),
    total: Type.Integer({ description: 'How many items are in the library' }),
  },
  { title: 'Facets' },
)
export type Facets = Static<typeof Facets>

/** Counts of the values that people filter by. */
export const facetsRoute: FastifyPluginAsyncTypebox<{
  database: Database
  readState: ReadState
}> = async (app, { database, readState }) => {
  app.route({
    method: 'GET',
    url: '/media/facets',
    config: { access: 'view-media', failure: 'Error counting media' },
    schema: {
      tags: ['media'],
      summary: 'Count the items by format, tag and year',
      description: 'The counts are those of the whole library, whatever a list is filtered by.',
      response: { 200: Facets, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      if (await isUnchanged(request, reply, readState, ['facets'])) return sendNothing(reply, 304)
      return database.read.transaction().execute(readFacetCounts)
    },
  })
}
