import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { HasPermission } from '../../auth/admission.ts'
import { mediaNotFound } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { attachment, sendObject } from '../../http/answer/send-object.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { IdParameter } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import type { Storage } from '../../storage/storage.ts'
import { downloadName } from './download-name.ts'
import { explainMissing, IMAGE_CSP, openStream, readMediaId, redirectTo } from './open-object.ts'
import { findOriginal } from './variant-lookup.ts'

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
      refusals: { 404: 'Media not found' },
    },
    schema: {
      summary: 'Download the original, byte for byte as uploaded',
      params: Type.Object({ id: IdParameter }),
      response: { 200: binaryAnswer('image/*', 'The original'), 304: Type.Null() },
      tags: ['delivery'],
    },
    handler: async (request, reply) => {
      const original = await findOriginal(database.read, readMediaId(request.params.id))
      if (!original) throw mediaNotFound()
      const { name, key, type, size, sha256 } = original
      const isTrashed = original.trashed_at !== null
      if (isTrashed && !(await hasPermission(request, 'delete-media'))) throw mediaNotFound()
      const cacheControl = isTrashed ? 'private, no-store' : 'private, no-cache'
      const disposition = attachment(downloadName(name, key.slice(key.lastIndexOf('.') + 1)))
      return sendObject(request, reply, {
        etag: `"${sha256}"`,
        type,
        size,
        open: (range) => explainMissing(database, key, openStream(storage, { key, size }, range)),
        redirect: redirectTo(storage, key, { type, cacheControl, disposition }),
        headers: {
          'cache-control': cacheControl,
          'cross-origin-resource-policy': 'same-origin',
          'content-security-policy': IMAGE_CSP,
          'content-disposition': disposition,
        },
      })
    },
  })
}
