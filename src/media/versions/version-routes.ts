import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { mediaNotFound, parametersMissing, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { IdParameter, readId, requireId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import { DetailedItem, type ItemAddresses } from '../item.ts'
import { Answer } from '../item-fields.ts'
import { type Library, NO_FILE_SERVICE } from '../library.ts'
import { hasAlready, readVersion, sendNothing, unchangedHeaders } from '../library-state.ts'
import { listVersions, VersionEntry } from './list-versions.ts'
import { deleteVersion, restoreVersion } from './replace.ts'

export const VersionList = Type.Object(
  { versions: Type.Array(VersionEntry, { description: 'The newest first' }) },
  { title: 'VersionList' },
)
export type VersionList = Static<typeof VersionList>

/** The versions of one item. */
export const versionsRoute: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
}> = async (app, { database, addresses }) => {
  app.route({
    method: 'GET',
    url: '/media/item/:id/versions',
    config: {
      access: 'view-media',
      failure: 'Error reading media',
      refusals: { 404: 'Media not found' },
    },
    schema: {
      tags: ['media'],
      summary: 'List the versions of an item',
      description: 'Its present image and the earlier ones that are kept, the newest first.',
      params: Type.Object({ id: IdParameter }),
      response: { 200: VersionList, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      const id = readId(request.params.id)
      if (id === undefined) throw mediaNotFound(`${quote(request.params.id)} is no id.`)
      const { state, versions } = await database.read.transaction().execute(async (trx) => ({
        state: await readVersion(trx),
        versions: await listVersions(trx, id),
      }))
      const headers = unchangedHeaders(state, ['versions', id])
      reply.headers(headers)
      if (hasAlready(request, headers)) return sendNothing(reply, 304)
      return { versions: versions.map(addresses.inItem) }
    },
  })
}

const params = { id: IdParameter, version: IdParameter }

/** Restores and deletes earlier versions of an item. */
export const versionChangeRoutes: FastifyPluginAsyncTypebox<{
  library: Library
  addresses: ItemAddresses
  /** How many earlier versions of an item are kept. */
  versions: number
}> = async (app, { library, addresses, versions }) => {
  const refusals = {
    400: 'Required parameters missing',
    404: 'Media not found',
    409: 'Present version',
    503: NO_FILE_SERVICE,
  }
  app.route({
    method: 'POST',
    url: '/media/item/:id/versions/:version/restore',
    config: {
      access: ['edit-media', 'add-media'],
      failure: 'Error replacing media',
      refusals,
    },
    schema: {
      tags: ['media'],
      summary: 'Restore an earlier version of an item',
      description: 'It becomes the present one, as a new version.',
      params: Type.Object(params),
      response: { 200: Answer({ media: DetailedItem }) },
    },
    handler: async (request) => {
      const [id, version] = readPath(request.params)
      const media = await restoreVersion(library, id, version, { by: actorOf(request), versions })
      return { data: 'Media replaced successfully', code: 200, media: addresses.inItem(media) }
    },
  })
  app.route({
    method: 'DELETE',
    url: '/media/item/:id/versions/:version',
    config: { access: 'delete-media', failure: 'Error deleting media', refusals },
    schema: {
      tags: ['media'],
      summary: 'Delete an earlier version of an item and its files',
      params: Type.Object(params),
      response: { 200: Answer() },
    },
    handler: async (request) => {
      const [id, version] = readPath(request.params)
      await deleteVersion(library, id, version, actorOf(request))
      return { data: 'Media deleted successfully', code: 200 }
    },
  })
}

/** @throws AppError 400 "Required parameters missing" */
function readPath(given: { id: string; version: string }): readonly [number, number] {
  const version = readId(given.version)
  if (version !== undefined) return [requireId(given.id), version]
  requireId(given.id)
  throw parametersMissing(
    `version is ${quote(given.version)}; it must be a whole number from 1 on.`,
  )
}
