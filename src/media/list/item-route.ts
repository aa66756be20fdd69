import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import { DetailedItem, type ItemAddresses, selectDetailedItems, toDetailedItem } from '../item.ts'
import {
  hasAlready,
  type LibraryState,
  readVersion,
  sendNothing,
  unchangedHeaders,
} from '../library-state.ts'
import { TRASH_COLUMNS, TrashMembers, toTrashMembers } from '../trash/trashed-items.ts'
import { countMedia, findRank } from './rank.ts'

export const RankedItem = Type.Object(
  {
    media: Type.Object({ ...DetailedItem.properties, ...TrashMembers }, { title: 'ShownMedia' }),
    rank: Type.Integer({ description: 'How many items of the library have a smaller id' }),
  },
  { title: 'RankedItem' },
)
export type RankedItem = Static<typeof RankedItem>

/** One item, and its position among all items. */
export const itemRoute: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
}> = async (app, { database, addresses }) => {
  app.route({
    method: 'GET',
    url: '/media/item/:id',
    config: {
      access: 'view-media',
      failure: 'Error reading media',
      refusals: { 404: 'Media not found' },
    },
    schema: {
      tags: ['media'],
      summary: 'Show an item',
      description:
        'With its position among all items. The number of all items is in `X-Total-Count`. `rank` is the offset ' +
        'in the order `added-asc`; the offset in the order `added-desc` is the number minus 1 minus `rank`. An item in ' +
        'the trash is shown only to callers with the permission `delete-media`.',
      params: Type.Object({ id: IdParameter }),
      response: { 200: RankedItem, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      const id = readId(request.params.id)
      if (id === undefined) throw mediaNotFound(`${quote(request.params.id)} is no id.`)
      const mayDelete = request.user?.permissions.includes('delete-media') ?? false
      const { state, total, media, rank } = await database.read
        .transaction()
        .execute((trx) => readItem(trx, id, mayDelete))
      if (media.trashedAt === undefined) {
        const headers = itemHeaders(state, media)
        reply.headers(headers)
        if (hasAlready(request, headers)) return sendNothing(reply, 304)
      } else {
        reply.header('cache-control', 'private, no-store')
      }
      reply.header('x-total-count', total)
      return { media: addresses.inItem(media), rank }
    },
  })
}

/** The ETag begins with the item's revision, by which `If-Match` compares. */
function itemHeaders(state: LibraryState, { id, revision }: DetailedItem) {
  const { etag, ...headers } = unchangedHeaders(state, ['item', id])
  return { ...headers, etag: `"${revision}.${etag.slice(1)}` }
}

/** @param inTrashToo whether an item in the trash is shown */
async function readItem(db: Queries, id: number, inTrashToo: boolean) {
  const state = await readVersion(db)
  const row = await selectDetailedItems(db)
    .select(TRASH_COLUMNS)
    .where('media.id', '=', id)
    .executeTakeFirst()
  if (!row || (row.trashed_at !== null && !inTrashToo))
    throw mediaNotFound(`There is no media item with id ${id}.`)
  const [rank, total] = [await findRank(db, id), await countMedia(db)]
  return { state, media: { ...toDetailedItem(row), ...toTrashMembers(row) }, rank, total }
}
