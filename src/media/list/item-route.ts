import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import type { ItemAddresses } from '../base-path.ts'
import { MediaItem, selectItems, toItem } from '../item.ts'
import type { ReadState } from '../library-state.ts'
import { countMedia, findRank } from './rank.ts'
import { isUnchanged, sendNothing } from './unchanged.ts'

export const RankedItem = Type.Object(
  {
    media: MediaItem,
    rank: Type.Integer({ description: 'How many items of the library have a smaller id' }),
  },
  { title: 'RankedItem' },
)
export type RankedItem = Static<typeof RankedItem>

/** One item, and where it is among all. */
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
        'With its position among all items, of which the number is in `X-Total-Count`: `rank` is ' +
        'its offset in the order `added-asc`, and the number less one less `rank` in `added-desc`.',
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
