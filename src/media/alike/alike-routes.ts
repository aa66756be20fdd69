import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, parametersInvalid, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Query, readInteger, readText } from '../../http/query-parameters.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import { type ItemAddresses, MediaItem } from '../item.ts'
import { createAlikeIndex } from './alike-index.ts'
import { listDoubles } from './doubles.ts'
import { countItemsOf, readItemsOf } from './items-of-files.ts'
import { createNearFiles } from './near-files.ts'

const DEFAULT_LIMIT = 20
/** Stands against answers of any size. */
const MAX_GROUPS = 50
const MAX_ITEMS_OF_GROUP = 50
const MAX_ALIKE = 100
/** Pages of alike items show the items of this many nearest files at most. */
const NEAREST_FILES = 1000

export const DuplicateList = Type.Object(
  {
    groups: Type.Array(
      Type.Object({
        count: Type.Integer({ description: 'How many items are in the group' }),
        media: Type.Array(MediaItem, {
          description: `At most ${MAX_ITEMS_OF_GROUP} of them, ascending by id`,
        }),
      }),
    ),
    total: Type.Integer({ description: 'How many groups there are without a limit' }),
  },
  { title: 'DuplicateList' },
)
export type DuplicateList = Static<typeof DuplicateList>

export const AlikeList = Type.Object(
  {
    alike: Type.Array(
      Type.Object({
        distance: Type.Number({ description: '0: looks the same; 1: as black and white' }),
        media: MediaItem,
      }),
    ),
    total: Type.Integer({ description: 'How many items can be listed; not all of the library' }),
  },
  { title: 'AlikeList' },
)
export type AlikeList = Static<typeof AlikeList>

const Page = (most: number) => ({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: most, default: DEFAULT_LIMIT })),
  offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
})

const readPage = (query: Query, most: number) => ({
  limit: readInteger(query, 'limit', { fallback: DEFAULT_LIMIT, min: 1, max: most }),
  offset: readInteger(query, 'offset', { fallback: 0, min: 0 }),
})

/** Items of the same bytes, and items that look alike. */
export const alikeRoutes: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
}> = async (app, { database, addresses }) => {
  const index = createAlikeIndex(database)
  const findNearFiles = createNearFiles(database, index, app.log)

  /** Reads the items of groups of files. Of large groups, only some files are read. */
  async function readGroups(groups: readonly (readonly number[])[]) {
    const { read } = database
    const counts = await countItemsOf(read, groups.flat())
    const some = groups.flatMap((files) =>
      files.filter((file) => counts.has(file)).slice(0, MAX_ITEMS_OF_GROUP),
    )
    const found = await readItemsOf(read, some, MAX_ITEMS_OF_GROUP)
    const byFile = Map.groupBy(found, ({ fileId }) => fileId)
    return groups.flatMap((files) => {
      const count = files.reduce((sum, file) => sum + (counts.get(file) ?? 0), 0)
      // Some items may be gone since the groups were found.
      if (count < 2) return []
      const media = files
        .flatMap((file) => byFile.get(file) ?? [])
        .sort((one, other) => one.item.id - other.item.id)
        .slice(0, MAX_ITEMS_OF_GROUP)
      return { count, media: media.map(({ item }) => addresses.inItem(item)) }
    })
  }

  app.route({
    method: 'GET',
    url: '/media/duplicates',
    config: {
      access: 'view-media',
      failure: 'Error listing duplicates',
      refusals: { 400: 'Invalid parameters' },
    },
    schema: {
      tags: ['media'],
      summary: 'List items of the same bytes, or items that look almost the same',
      description: 'In groups; the group of the newest file comes first.',
      querystring: Type.Object({
        kind: Type.Optional(Type.String({ enum: ['exact', 'near'], default: 'exact' })),
        ...Page(MAX_GROUPS),
      }),
      response: { 200: DuplicateList },
    },
    handler: async ({ query }, reply) => {
      const kind = readOne(query, 'kind', ['exact', 'near'])
      const page = readPage(query, MAX_GROUPS)
      reply.header('cache-control', 'private, no-cache')
      if (kind === 'exact') {
        const { doubles, total } = await listDoubles(database.read, page)
        return { groups: await readGroups(doubles.map(({ file_id }) => [file_id])), total }
      }
      const groups = await findNearFiles()
      const shown = groups.slice(page.offset, page.offset + page.limit)
      return { groups: await readGroups(shown), total: groups.length }
    },
  })

  app.route({
    method: 'GET',
    url: '/media/item/:id/alike',
    config: {
      access: 'view-media',
      failure: 'Error reading media',
      refusals: { 400: 'Invalid parameters', 404: 'Media not found' },
    },
    schema: {
      tags: ['media'],
      summary: 'List items that look like an item',
      description: 'The nearest first. By their image, or by their dominant colour.',
      params: Type.Object({ id: IdParameter }),
      querystring: Type.Object({
        by: Type.Optional(Type.String({ enum: ['image', 'color'], default: 'image' })),
        ...Page(MAX_ALIKE),
      }),
      response: { 200: AlikeList },
    },
    handler: async ({ params, query }, reply) => {
      const by = readOne(query, 'by', ['image', 'color'])
      const { limit, offset } = readPage(query, MAX_ALIKE)
      const id = readId(params.id)
      const target = id === undefined ? undefined : await findFile(database, id)
      if (!target) throw mediaNotFound(`There is no media item with id ${quote(params.id)}.`)
      const near = await index.findNear(target.file_id, by, NEAREST_FILES)
      const distances = new Map(near.map(({ fileId, distance }) => [fileId, distance]))
      const found = await readItemsOf(database.read, [...distances.keys()], MAX_ALIKE)
      const alike = found
        .filter(({ item }) => item.id !== id)
        .map(({ fileId, item }) => ({ distance: distances.get(fileId) ?? 0, item }))
        .sort((one, other) => one.distance - other.distance || one.item.id - other.item.id)
      reply.header('cache-control', 'private, no-cache')
      return {
        alike: alike.slice(offset, offset + limit).map(({ distance, item }) => ({
          distance: Math.round(distance * 1000) / 1000,
          media: addresses.inItem(item),
        })),
        total: alike.length,
      }
    },
  })
}

/** Reads one of some values; the first one if the parameter is absent. */
function readOne<Value extends string>(
  query: Query,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const text = readText(query, name) ?? values[0]
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  throw parametersInvalid(`${name} is ${quote(text)}; it must be ${values.join(' or ')}.`)
}

const findFile = ({ read }: Database, id: number) =>
  read
    .selectFrom('media')
    .select('file_id')
    .where('id', '=', id)
    .where('trashed_at', 'is', null)
    .executeTakeFirst()
