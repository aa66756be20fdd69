import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Database } from '../../database/database.ts'
import { prepare, runIn } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { type Static, Type } from '../../http/schema.ts'
import { isUnchanged, type ReadState, sendNothing } from '../library-state.ts'
import { listTags } from '../tags.ts'
import { TagCount } from './tags-route.ts'

/** How many tags the answer has. `GET /media/tags` lists more. */
const MAX_TAGS = 100

const Counts = (description: string) =>
  Type.Unsafe<Record<string, number>>({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description,
  })

export const Facets = Type.Object(
  {
    types: Counts('How many items are of each format, by its short name: `{"jpeg": 12}`'),
    tags: Type.Array(TagCount, { description: `The ${MAX_TAGS} most used ones` }),
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

/**
 * Reads the counts, which are stored with the facets.
 * @param db a transaction, so that all counts are of one state of the database
 */
async function readFacetCounts(db: Queries): Promise<Facets> {
  const rows = await runIn(db, findCounts)
  const { tags } = await listTags(db, { search: '', limit: MAX_TAGS })
  const liveOf = (wanted: string) =>
    Object.fromEntries(
      rows
        .filter(({ kind, live }) => kind === wanted && live > 0)
        .map(({ value, live }) => [value, live]),
    )
  const has = liveOf('has')
  const total = liveOf('in').library ?? 0
  const trash = rows.find(({ kind, value }) => kind === 'in' && value === 'trash')?.items ?? 0
  const lacking = (trait: string) => total - (has[trait] ?? 0)
  return {
    types: liveOf('type'),
    tags,
    years: liveOf('year'),
    lacks: { alt: lacking('alt'), tags: lacking('tags'), collection: lacking('collection') },
    trash,
    total,
  }
}

const findCounts = prepare((db) =>
  db
    .selectFrom('facets')
    .select(['kind', 'value', 'items', 'live'])
    .where('kind', 'in', ['in', 'type', 'year', 'has'])
    .orderBy('kind')
    .orderBy('value')
    .compile(),
)
