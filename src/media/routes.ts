import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { actorOf } from '../auth/actor.ts'
import type { Budget } from '../base/budget.ts'
import { parametersMissing } from '../base/errors.ts'
import type { CacheUse } from '../base/recent.ts'
import { createBufferFreer } from '../http/body/free-buffers.ts'
import { acceptUploads, readUpload } from '../http/body/read-upload.ts'
import { IdParameter, requireId } from '../http/read-id.ts'
import { type TSchema, Type } from '../http/schema.ts'
import { addMedia } from './change/add.ts'
import { bulkDeleteRoute, bulkTagsRoute } from './change/bulk-routes.ts'
import { editMedia } from './change/edit.ts'
import { removeMedia } from './change/remove.ts'
import { type ItemAddresses, MediaItem } from './item.ts'
import { type Library, NO_FILE_SERVICE, refuseFileService } from './library.ts'
import { createStateReader, sendNothing } from './library-state.ts'
import { itemRoute } from './list/item-route.ts'
import { listRoute } from './list/list-route.ts'
import { tagsRoute } from './list/tags-route.ts'
import { readName, readTags } from './parameters.ts'

const Answer = (extra: Record<string, TSchema> = {}) =>
  Type.Object({ data: Type.String(), code: Type.Integer(), ...extra })

const ItemFields = {
  name: Type.String({ description: '1 to 255 characters after trimming' }),
  tags: Type.Union([Type.Array(Type.String()), Type.String()], {
    description: 'Up to 64 tags of up to 64 characters; a string with commas is several tags',
  }),
}

export interface MediaRoutesOptions {
  library: Library
  /** Limits how many snapshots of the whole library are read at once. */
  listings: Budget
  /** Limits how many requests work on many items at once. */
  bulkWork: Budget
  maxImageBytes: number
  addresses: ItemAddresses
  /** Counts the uses of the list answers that are kept in memory. */
  listUse: CacheUse
  api: boolean
  fileService: boolean
}

/** The routes of the media library. */
export const mediaRoutes: FastifyPluginAsyncTypebox<MediaRoutesOptions> = async (app, options) => {
  if (options.api) {
    const { addresses } = options
    const { database } = options.library
    const readState = createStateReader(database)
    await app.register(listRoute, { ...options, readState })
    await app.register(itemRoute, { database, readState, addresses })
    await app.register(tagsRoute, { database, readState })
    await app.register(editRoutes, options)
    await app.register(bulkTagsRoute, options)
  }
  // If only the API is on, the routes of the file service answer that the service is off.
  if (options.api || options.fileService) await app.register(fileRoutes, options)
}

const editRoutes: FastifyPluginAsyncTypebox<MediaRoutesOptions> = async (
  app,
  { library, addresses },
) => {
  const config = {
    access: 'edit-media',
    failure: 'Error updating media',
    refusals: {
      400: 'Required parameters missing',
      404: 'Media not found',
      415: 'Unsupported media type',
    },
  } as const
  const edit = async (idText: string | undefined, request: FastifyRequest) => {
    const id = requireId(idText)
    const fields = readFields(request.body)
    const media = await editMedia(library.database, id, fields, actorOf(request))
    return { data: 'Media updated successfully', code: 200, media: addresses.inItem(media) }
  }
  app.route({
    method: 'POST',
    url: '/media/edit/:id',
    config,
    schema: {
      summary: 'Change name and tags',
      tags: ['media'],
      params: Type.Object({ id: IdParameter }),
      body: Type.Object(ItemFields),
      response: { 200: Answer({ media: MediaItem }) },
    },
    handler: (request) => edit(request.params.id, request),
  })
  app.route({
    method: 'POST',
    url: '/media/edit/',
    config,
    schema: { hide: true },
    handler: (request) => edit(undefined, request),
  })
}

const fileRoutes: FastifyPluginAsyncTypebox<MediaRoutesOptions> = async (
  app,
  { library, bulkWork, maxImageBytes, fileService, addresses },
) => {
  if (!fileService) refuseFileService(app)
  await app.register(addRoute, { library, maxImageBytes, addresses })
  await app.register(bulkDeleteRoute, { library, bulkWork })

  app.route({
    method: 'OPTIONS',
    url: '/media/add',
    config: { access: 'session', refusals: { 503: NO_FILE_SERVICE } },
    schema: {
      tags: ['media'],
      summary: 'Check whether images can be added and deleted here',
      response: { 204: Type.Null() },
    },
    handler: async (_request, reply) => sendNothing(reply, 204),
  })

  const config = {
    access: 'delete-media',
    failure: 'Error deleting media',
    refusals: {
      400: 'Required parameters missing',
      404: 'Media not found',
      503: NO_FILE_SERVICE,
    },
  } as const
  const remove = async (idText: string | undefined, request: FastifyRequest) => {
    await removeMedia(library, requireId(idText), actorOf(request))
    return { data: 'Media deleted successfully', code: 200 }
  }
  app.route({
    method: 'DELETE',
    url: '/media/delete/:id',
    config,
    schema: {
      summary: 'Delete an item and its files',
      tags: ['media'],
      params: Type.Object({ id: IdParameter }),
      response: { 200: Answer() },
    },
    handler: (request) => remove(request.params.id, request),
  })
  app.route({
    method: 'DELETE',
    url: '/media/delete/',
    config,
    schema: { hide: true },
    handler: (request) => remove(undefined, request),
  })
}

const addRoute: FastifyPluginAsyncTypebox<
  Pick<MediaRoutesOptions, 'library' | 'maxImageBytes' | 'addresses'>
> = async (app, { library, maxImageBytes, addresses }) => {
  acceptUploads(app, { maxImageBytes })
  const chunkWasRead = createBufferFreer()
  app.route({
    method: 'POST',
    url: '/media/add',
    config: {
      access: 'add-media',
      failure: 'Error adding media',
      refusals: {
        400: 'Required parameters missing',
        413: 'Image too large',
        415: 'Unsupported media type',
        503: `${NO_FILE_SERVICE} Or: Service busy`,
      },
    },
    schema: {
      tags: ['media'],
      body: {
        content: {
          'application/json': {
            schema: Type.Object({
              ...ItemFields,
              image: Type.String({
                contentEncoding: 'base64',
                description: 'Bare or as a data URL, in the standard or the URL-safe alphabet',
              }),
            }),
          },
          'multipart/form-data': {
            schema: Type.Object({ ...ItemFields, image: Type.String({ format: 'binary' }) }),
          },
        },
      },
      summary: 'Add an image',
      description:
        'As JSON with `image` in base64 (bare or a data URL), or as multipart/form-data with the ' +
        'same three fields, `image` a file. JPEG, PNG, WebP, GIF and AVIF are accepted.',
      response: {
        200: Answer({ media: MediaItem, duplicates: Type.Optional(Type.Array(Type.Integer())) }),
      },
    },
    handler: async (request) => {
      const upload = await readUpload(request, {
        maxImageBytes,
        temporaryFile: library.temporary.newFile,
        chunkWasRead,
      })
      try {
        const { name, tags } = readFields(upload.fields)
        if (upload.problem) throw upload.problem
        if (!upload.image) {
          throw parametersMissing('image is missing; it must be the base64 of an image, or a file.')
        }
        const item = { name, tags, image: upload.image, by: actorOf(request) }
        const { media, duplicates } = await addMedia(library, item)
        return {
          data: 'Media added successfully',
          code: 200,
          media: addresses.inItem(media),
          ...(duplicates.length > 0 && { duplicates }),
        }
      } finally {
        // A failure does not affect the item. The temporary folder of this process is removed later.
        await upload.discard().catch((error) => {
          request.log.warn({ err: error }, 'The temporary file of an upload could not be removed')
        })
      }
    },
  })
}

/** Name and tags of a body, checked in the order of the contract: missing parameters first. */
function readFields(body: unknown): { name: string; tags: string[] } {
  const fields: { name?: unknown; tags?: unknown } =
    typeof body === 'object' && body !== null ? body : {}
  return { name: readName(fields.name), tags: readTags(fields.tags) }
}
