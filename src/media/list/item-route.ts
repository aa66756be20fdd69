import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import { type ItemAddresses, MediaItem, selectItems, toItem } from '../item.ts'
import { isUnchanged, type ReadState, sendNothing } from '../library-state.ts'
import { countMedia, findRank } from './rank.ts'

export const RankedItem = Type.Object(
  {
    media: MediaItem,
    rank: Type.Integer({ description: 'How many items of the library have a smaller id' }),
  },
  { title: 'RankedItem' },
)
export type RankedItem = Static<typeof RankedItem>

/** One item, and its position among all items. */
export const itemRoute: FastifyPluginAsyncTypebox<{
  database: Database
  readState: ReadState
  addresses: ItemAddresses
}> = async (app, { database, readState, addresses }) => {
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
        'in the order `added-asc`; the offset in the order `added-desc` is the number minus 1 minus `rank`.',
      params: Type.Object({ id: IdParameter }),
      response: { 200: RankedItem, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      const id = readId(request.params.id)
      if (id === undefined) throw mediaNotFound(`${quote(request.params.id)} is no id.`)
      if (await isUnchanged(request, reply, readState, ['item', id])) return sendNothing(reply, 304)
      const { total, media, rank } = await database.read
        .transaction()
        .execute((trx) => readItem(trx, id))
      reply.header('x-total-count', total)
      return { media: addresses.inItem(media), rank }
    },
  })
}

async function readItem(db: Queries, id: number) {
  const row = await selectItems(db).where('media.id', '=', id).executeTakeFirst()
  if (!row) throw mediaNotFound(`There is no media item with id ${id}.`)
  return { media: toItem(row), rank: await findRank(db, id), total: await countMedia(db) }
}
