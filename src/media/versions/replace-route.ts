import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersMissing } from '../../base/errors.ts'
import { createBufferFreer } from '../../http/body/free-buffers.ts'
import { acceptUploads, readUpload } from '../../http/body/read-upload.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { type ItemAddresses, MediaItem } from '../item.ts'
import { Answer, Base64Image } from '../item-fields.ts'
import { type Library, NO_FILE_SERVICE } from '../library.ts'
import { readFileName } from '../members.ts'
import { replaceMedia } from './replace.ts'
import { readVersions } from './versions.ts'

export interface ReplaceRouteOptions {
  library: Library
  maxImageBytes: number
  addresses: ItemAddresses
  /** How many earlier versions of an item are kept. */
  versions: number
}

/** Gives an item another image. */
export const replaceRoute: FastifyPluginAsyncTypebox<ReplaceRouteOptions> = async (
  app,
  { library, maxImageBytes, addresses, versions },
) => {
  acceptUploads(app, { maxImageBytes })
  const chunkWasRead = createBufferFreer()
  app.route({
    method: 'POST',
    url: '/media/replace/:id',
    config: {
      access: ['edit-media', 'add-media'],
      failure: 'Error replacing media',
      refusals: {
        400: 'Required parameters missing',
        404: 'Media not found',
        413: 'Image too large',
        415: 'Unsupported media type',
        503: `${NO_FILE_SERVICE} Or: Service busy`,
      },
    },
    schema: {
      tags: ['media'],
      summary: 'Replace the image of an item',
      description:
        'As JSON with `image` in base64, or as multipart/form-data with `image` a file, as for adding. Id, name, ' +
        'tags, texts and collections stay. `focus` stays if the aspect ratio does, within 1 %. The earlier image ' +
        'becomes an earlier version.',
      params: Type.Object({ id: IdParameter }),
      body: {
        content: {
          'application/json': { schema: Type.Object({ image: Base64Image }) },
          'multipart/form-data': {
            schema: Type.Object({ image: Type.String({ format: 'binary' }) }),
          },
        },
      },
      response: { 200: Answer({ media: MediaItem }) },
    },
    handler: async (request) => {
      const id = requireId(request.params.id)
      const upload = await readUpload(request, {
        fieldNames: [],
        maxImageBytes,
        temporaryFile: library.temporary.newFile,
        chunkWasRead,
      })
      try {
        const { image, problem } = upload
        if (problem) {
          // If the item does not exist, the answer says that, and not the fault of the image.
          await readVersions(library.database.read, id)
          throw problem
        }
        if (!image) {
          throw parametersMissing('image is missing; it must be the base64 of an image, or a file.')
        }
        const given = { image, fileName: readFileName(upload.fileName) }
        const media = await replaceMedia(library, id, given, { by: actorOf(request), versions })
        return { data: 'Media replaced successfully', code: 200, media: addresses.inItem(media) }
      } finally {
        // A failure does not affect the item. The temporary folder of this process is removed later.
        await upload.discard().catch((error) => {
          request.log.warn({ err: error }, 'The temporary file of an upload could not be removed')
        })
      }
    },
  })
}
