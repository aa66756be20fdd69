import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { HasPermission } from '../../auth/admission.ts'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { attachment, sendObject } from '../../http/answer/send-object.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { type Query, readInteger, readText } from '../../http/query-parameters.ts'
import { IdParameter } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import type { Storage } from '../../storage/storage.ts'
import { downloadName } from './download-name.ts'
import {
  explainMissing,
  IMAGE_CSP,
  openStream,
  readMediaId,
  redirectTo,
  sendPresent,
} from './open-object.ts'

/** @throws AppError 400 "Invalid parameters" */
function readVersion(query: Query): number | undefined {
  if (readText(query, 'version') === undefined) return undefined
  return readInteger(query, 'version', { fallback: 1, min: 1 })
}

/** Sends originals to callers who may view media. */
export const originalRoute: FastifyPluginAsyncTypebox<{
  database: Database
  storage: Storage
  /** Tells who may see items in the trash. */
  hasPermission: HasPermission
}> = async (app, { database, storage, hasPermission }) => {
  app.route({
    method: 'GET',
    url: '/media/original/:id',
    config: {
      access: 'view-media',
      failure: 'Error processing media',
      refusals: { 400: 'Invalid parameters', 404: 'Media not found' },
    },
    schema: {
      summary: 'Download the original, byte for byte as uploaded',
      params: Type.Object({ id: IdParameter }),
      querystring: Type.Object({
        version: Type.Optional(
          Type.Integer({
            minimum: 1,
            description: 'An earlier version; the present one if absent',
          }),
        ),
      }),
      response: { 200: binaryAnswer('image/*', 'The original'), 304: Type.Null() },
      tags: ['delivery'],
    },
    handler: async (request, reply) => {
      const id = readMediaId(request.params.id)
      const version = readVersion(request.query)
      return sendPresent(
        async () => {
          const original = await findOriginal(database.read, id, version)
          if (!original && version !== undefined) {
            throw mediaNotFound(`Item ${id} has no version ${version}.`)
          }
          const isHidden =
            original &&
            original.trashed_at !== null &&
            !(await hasPermission(request, 'delete-media'))
          return isHidden ? undefined : original
        },
        ({ name, key, type, size, sha256, trashed_at }) => {
          const cacheControl = trashed_at === null ? 'private, no-cache' : 'private, no-store'
          const disposition = attachment(downloadName(name, key.slice(key.lastIndexOf('.') + 1)))
          return sendObject(request, reply, {
            etag: `"${sha256}"`,
            type,
            size,
            open: (range) =>
              explainMissing(database, key, openStream(storage, { key, size }, range)),
            redirect: redirectTo(storage, key, { type, cacheControl, disposition }),
            headers: {
              'cache-control': cacheControl,
              'cross-origin-resource-policy': 'same-origin',
              'content-security-policy': IMAGE_CSP,
              'content-disposition': disposition,
            },
          })
        },
      )
    },
  })
}

/**
 * The original behind a media item, the item's name, and whether it is in the trash.
 * @param version the version whose original it is; undefined for the present one
 */
async function findOriginal(db: Queries, mediaId: number, version?: number) {
  const ofItem = db
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .select(ORIGINAL)
    .where('media.id', '=', mediaId)
  if (version === undefined) return ofItem.executeTakeFirst()
  // An item that was never replaced has no rows: its only version is 1.
  const only =
    version === 1 &&
    (await ofItem
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('versions').select('version').where('media_id', '=', mediaId))),
      )
      .executeTakeFirst())
  if (only) return only
  return db
    .selectFrom('versions')
    .innerJoin('media', 'media.id', 'versions.media_id')
    .innerJoin('files', 'files.id', 'versions.file_id')
    .select(ORIGINAL)
    .where('versions.media_id', '=', mediaId)
    .where('versions.version', '=', version)
    .executeTakeFirst()
}

const ORIGINAL = [
  'media.name',
  'media.trashed_at',
  'files.id as fileId',
  'files.key',
  'files.sha256',
  'files.size',
  'files.type',
] as const
