import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { actorOf } from '../auth/actor.ts'
import type { Budget } from '../base/budget.ts'
import { parametersInvalid, parametersMissing } from '../base/errors.ts'
import type { CacheUse } from '../base/recent.ts'
import { createBufferFreer } from '../http/body/free-buffers.ts'
import { acceptUploads, readUpload } from '../http/body/read-upload.ts'
import { IdParameter, requireId } from '../http/read-id.ts'
import { Type } from '../http/schema.ts'
import { whenGone } from '../http/when-gone.ts'
import type { RenditionUses } from '../images/delivery/rendition-uses.ts'
import { ALL_FORMATS, namesOf } from '../images/formats.ts'
import { alikeRoutes } from './alike/alike-routes.ts'
import { addMedia } from './change/add.ts'
import { bulkEditRoute } from './change/bulk-edit-route.ts'
import { bulkDeleteRoute, bulkTagsRoute } from './change/bulk-routes.ts'
import { editRoutes } from './change/edit-routes.ts'
import {
  createFetchImage,
  type FetchedImage,
  fileNameOf,
  readUrl,
  sourceOf,
} from './change/fetch-image.ts'
import { removeMedia } from './change/remove.ts'
import { tagChangeRoutes } from './change/tag-routes.ts'
import { bulkCollectionsRoute } from './collections/bulk-route.ts'
import { collectionRoutes } from './collections/collection-routes.ts'
import { describeRoute } from './describe/describe-route.ts'
import { type HtmlOptions, htmlRoute } from './embed/html-route.ts'
import { urlsRoute } from './embed/urls-route.ts'
import { type ItemAddresses, MediaItem } from './item.ts'
import { Answer, Base64Image, ImageUrl, ItemFields, KeywordsField } from './item-fields.ts'
import { type Library, NO_FILE_SERVICE, refuseFileService } from './library.ts'
import { createStateReader, sendNothing } from './library-state.ts'
import { facetsRoute } from './list/facets-route.ts'
import { itemRoute } from './list/item-route.ts'
import { listRoute } from './list/list-route.ts'
import { tagsRoute } from './list/tags-route.ts'
import { readFileName, readKeywordsChoice, readMembers, WRITABLE } from './members.ts'
import { readName, readTags } from './parameters.ts'
import { statisticsRoute } from './statistics/statistics-route.ts'
import { trashRoutes } from './trash/trash-routes.ts'
import { type TusRoutesOptions, tusRoutes } from './uploads/tus-routes.ts'
import { replaceRoute } from './versions/replace-route.ts'
import { versionChangeRoutes, versionsRoute } from './versions/version-routes.ts'
import { zipRoute } from './zip/zip-route.ts'

export interface MediaRoutesOptions
  extends Omit<HtmlOptions, 'database'>,
    Omit<TusRoutesOptions, 'library'> {
  library: Library
  uses: RenditionUses
  /** Limits how many snapshots of the whole library are read at once. */
  listings: Budget
  /** Limits how many requests work on many items at once. */
  bulkWork: Budget
  /** Limits how many archives are sent at once. */
  zips: Budget
  maxImageBytes: number
  /** Whether images are added from URLs. */
  fetchUrls: boolean
  /** Hosts of such URLs that may be private. */
  fetchAllow: readonly string[]
  addresses: ItemAddresses
  /** How many earlier versions of an item are kept. */
  versions: number
  /** The service that suggests alternative texts; undefined for none. */
  describeUrl: URL | undefined
  /** Counts the uses of the list answers that are kept in memory. */
  listUse: CacheUse
  api: boolean
  fileService: boolean
  /** Days that an item stays in the trash; 0: there is no trash. */
  trashDays: number
}

/** The routes of the media library. */
export const mediaRoutes: FastifyPluginAsyncTypebox<MediaRoutesOptions> = async (app, options) => {
  if (options.api) {
    const { addresses } = options
    const { database } = options.library
    const readState = createStateReader(database)
    await app.register(listRoute, { ...options, readState })
    await app.register(itemRoute, { ...options, database })
    await app.register(versionsRoute, { database, addresses })
    await app.register(tagsRoute, { database, readState })
    await app.register(facetsRoute, { database, readState })
    await app.register(statisticsRoute, { database })
    await app.register(editRoutes, { database, addresses })
    await app.register(bulkTagsRoute, options)
    if (options.trashDays > 0) await app.register(trashRoutes, options)
    await app.register(collectionRoutes, { library: options.library, readState })
    await app.register(bulkCollectionsRoute, options)
    await app.register(bulkEditRoute, options)
    await app.register(tagChangeRoutes, options)
    await app.register(urlsRoute, { ...options, database })
    await app.register(htmlRoute, { ...options, database })
    await app.register(zipRoute, options)
    await app.register(alikeRoutes, { database, addresses })
    const { describeUrl } = options
    if (describeUrl) await app.register(describeRoute, { ...options, describeUrl })
  }
  // If only the API is on, the routes of the file service answer that the service is off.
  if (options.api || options.fileService) await app.register(fileRoutes, options)
}

const fileRoutes: FastifyPluginAsyncTypebox<MediaRoutesOptions> = async (app, options) => {
  const { library, bulkWork, maxImageBytes, fileService, addresses, versions } = options
  if (!fileService) refuseFileService(app)
  await app.register(replaceRoute, { library, maxImageBytes, addresses, versions })
  await app.register(versionChangeRoutes, { library, addresses, versions })
  await app.register(addRoute, options)
  await app.register(tusRoutes, options)
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
  Pick<MediaRoutesOptions, 'library' | 'maxImageBytes' | 'addresses' | 'fetchUrls' | 'fetchAllow'>
> = async (app, { library, maxImageBytes, addresses, fetchUrls, fetchAllow }) => {
  acceptUploads(app, { maxImageBytes })
  const fetchImage = createFetchImage({
    temporaryFile: library.temporary.newFile,
    maxImageBytes,
    allowedHosts: fetchAllow,
  })
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
              ...KeywordsField,
              image: Type.Optional(Base64Image),
              url: Type.Optional(ImageUrl),
            }),
          },
          'multipart/form-data': {
            schema: Type.Object({
              ...ItemFields,
              ...KeywordsField,
              image: Type.Optional(Type.String({ format: 'binary' })),
              url: Type.Optional(ImageUrl),
            }),
          },
        },
      },
      summary: 'Add an image',
      description:
        'As JSON with `image` in base64 (bare or a data URL), or as multipart/form-data with the ' +
        'same fields, `image` a file; there, members that are no texts are given as JSON. Or with `url` in the place of `image`: the server fetches it. ' +
        `${namesOf(ALL_FORMATS)} are accepted. Members that are absent are taken from EXIF, IPTC and XMP in the file.`,
      response: {
        200: Answer({
          media: MediaItem,
          duplicates: Type.Optional(
            Type.Array(Type.Integer(), { description: 'Earlier items with the same bytes' }),
          ),
          trashed: Type.Optional(
            Type.Literal(true, { description: 'One of `duplicates` is in the trash' }),
          ),
          warnings: Type.Optional(
            Type.Array(Type.String(), { description: 'What of the file is not shown' }),
          ),
        }),
      },
    },
    handler: async (request, reply) => {
      const upload = await readUpload(request, {
        fieldNames: [...WRITABLE, 'keywords', 'url'],
        maxImageBytes,
        temporaryFile: library.temporary.newFile,
        chunkWasRead,
      })
      let fetched: FetchedImage | undefined
      try {
        const { fields, isForm } = upload
        const [name, tags] = [readName(fields.name), readTags(fields.tags)]
        const members = readMembers(fields, { isText: isForm })
        const keywords = readKeywordsChoice(fields.keywords, isForm)
        const isFetched = fields.url !== undefined && fields.url !== null
        const url = isFetched ? readUrl(fields.url) : undefined
        if (url && !fetchUrls) {
          throw parametersInvalid(
            'url is given, and VITRINE_FETCH_URLS is off here; send the image.',
          )
        }
        if (url && (upload.image || upload.problem)) {
          throw parametersInvalid('image and url are both given; give one of them.')
        }
        if (upload.problem) throw upload.problem
        const by = actorOf(request)
        if (url) fetched = await fetchImage(url, by.accountId ?? '', whenGone(reply))
        const image = fetched?.image ?? upload.image
        if (!image) {
          throw parametersMissing(
            'image is missing; it must be the base64 of an image, or a file. Or give its url.',
          )
        }
        if (url && members.source === undefined) members.source = sourceOf(url)
        const fileName = readFileName(url ? fileNameOf(url) : upload.fileName)
        const item = { name, tags, members, keywords, fileName, image, by }
        const { media, duplicates, trashed, warnings } = await addMedia(library, item)
        return {
          data: 'Media added successfully',
          code: 200,
          media: addresses.inItem(media),
          ...(duplicates.length > 0 && { duplicates }),
          ...(trashed && { trashed }),
          ...(warnings.length > 0 && { warnings }),
        }
      } finally {
        // A failure does not affect the item. The temporary folder of this process is removed later.
        await Promise.all([upload.discard(), fetched?.discard()]).catch((error) => {
          request.log.warn({ err: error }, 'The temporary file of an upload could not be removed')
        })
      }
    },
  })
}
