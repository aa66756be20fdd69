import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import type { ImageAddresses } from '../../images/delivery/image-addresses.ts'
import { type Source, toSource } from '../../images/delivery/source-lookup.ts'
import { candidatesOf, srcsetOf, storedCandidates } from '../embed/candidates.ts'
import {
  addressOf,
  DetailedItem,
  type ItemAddresses,
  keyOf,
  selectDetailedItems,
  toDetailedItem,
  Urls,
} from '../item.ts'
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
    media: Type.Object(
      {
        ...DetailedItem.properties,
        ...TrashMembers,
        urls: Type.Object({
          ...Urls.properties,
          srcset: Type.String({
            description:
              'For the attribute `srcset`: the addresses of all widths up to its own. They are signed if only signed ' +
              'ones are served, and those of `scaled` and `high` if there are no others',
          }),
        }),
      },
      { title: 'ShownMedia' },
    ),
    rank: Type.Integer({ description: 'How many items of the library have a smaller id' }),
  },
  { title: 'RankedItem' },
)
export type RankedItem = Static<typeof RankedItem>

/** One item, and its position among all items. */
export const itemRoute: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
  imageAddresses: ImageAddresses
  /** The ladder of widths in `urls.srcset`. */
  widths: readonly number[]
  /** `off`: there are only `scaled` and `high`. */
  transforms: 'bounded' | 'signed' | 'off'
}> = async (app, { database, addresses, imageAddresses, widths, transforms }) => {
  const srcsetFor = (key: string, source: Source) =>
    srcsetOf(
      transforms === 'off'
        ? storedCandidates(source)
        : candidatesOf({ options: {} }, source, widths, 'webp'),
      (address) => addressOf(key, imageAddresses.print(key, address)),
    )

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
      const { state, total, media, key, source, rank } = await database.read
        .transaction()
        .execute((trx) => readItem(trx, id, mayDelete))
      const srcset = srcsetFor(key, source)
      if (media.trashedAt === undefined) {
        const headers = itemHeaders(state, media, srcset)
        reply.headers(headers)
        if (hasAlready(request, headers)) return sendNothing(reply, 304)
      } else {
        reply.header('cache-control', 'private, no-store')
      }
      reply.header('x-total-count', total)
      const shown = { ...media, urls: { ...media.urls, srcset } }
      return { media: addresses.inItem(shown), rank }
    },
  })
}

/** The ETag begins with the item's revision, by which `If-Match` compares. */
function itemHeaders(state: LibraryState, { id, revision }: DetailedItem, srcset: string) {
  const { etag, ...headers } = unchangedHeaders(state, ['item', id, srcset])
  return { ...headers, etag: `"${revision}.${etag.slice(1)}` }
}

/** @param inTrashToo whether an item in the trash is shown */
async function readItem(db: Queries, id: number, inTrashToo: boolean) {
  const state = await readVersion(db)
  const row = await selectDetailedItems(db)
    .select([...TRASH_COLUMNS, 'media.file_id'])
    .where('media.id', '=', id)
    .executeTakeFirst()
  if (!row || (row.trashed_at !== null && !inTrashToo))
    throw mediaNotFound(`There is no media item with id ${id}.`)
  const [rank, total] = [await findRank(db, id), await countMedia(db)]
  const media = { ...toDetailedItem(row), ...toTrashMembers(row) }
  return { state, media, key: keyOf(row), source: toSource(row), rank, total }
}
