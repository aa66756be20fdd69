import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Budget } from '../../base/budget.ts'
import { parametersInvalid } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { attachment } from '../../http/answer/send-object.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { Type } from '../../http/schema.ts'
import type { ImageAddresses } from '../../images/delivery/image-addresses.ts'
import type { RenditionUses } from '../../images/delivery/rendition-uses.ts'
import { readSelection, SelectionFields } from '../change/bulk-parameters.ts'
import { requireSight } from '../change/bulk-routes.ts'
import { openSelection, type Selection } from '../change/selection.ts'
import { readAsked } from '../embed/read-asked.ts'
import type { Library } from '../library.ts'
import { readZipEntries, requireItems, type ZipLibrary, type ZipSize } from './zip-entries.ts'
import { writeZip } from './zip-format.ts'

/** Stands against archives whose directory fills the memory: some 30 MB. */
const MAX_ITEMS = 100_000

/** Sends the files of many items as one archive. */
export const zipRoute: FastifyPluginAsyncTypebox<{
  library: Library
  uses: RenditionUses
  /** Limits how many archives are sent at once. */
  zips: Budget
  imageAddresses: ImageAddresses
}> = async (app, { library, uses, zips, imageAddresses }) => {
  app.route({
    method: 'POST',
    url: '/media/zip',
    config: {
      access: 'view-media',
      failure: 'Error processing media',
      refusals: {
        400: 'Required parameters missing',
        404: 'Media not found',
        415: 'Unsupported media type',
        503: 'Service busy',
      },
    },
    schema: {
      tags: ['delivery'],
      summary: 'Download many items as a ZIP archive',
      description:
        'With a search or a filter, `until` is required; `in=trash` needs delete-media. Members that are not known ' +
        'are refused. A fault midway cuts the connection.',
      body: Type.Object(
        {
          ...SelectionFields,
          size: Type.Optional(
            Type.String({
              default: 'original',
              description:
                'The file of each item: `original`, or options of an image with a format, as in `w_1600.jpg`, `hero.webp`, `scaled`',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      response: { 200: binaryAnswer('application/zip', 'The archive') },
    },
    handler: async (request, reply) => {
      const selected = readSelection(request.body)
      const size = await readSize(imageAddresses, request.body.size)
      requireSight(request, selected)
      const release = await zips.take(1)
      try {
        const body = heard(
          Readable.from(await openZip({ ...library, uses }, selected, size), BYTES),
        )
        body.once('close', release)
        return sendArchive(reply, body)
      } catch (error) {
        release()
        throw error
      }
    },
  })
}

const BYTES = { objectMode: false }

/** @throws AppError 400 for too many items, 404 for an id without an item; the error of the first file */
async function openZip(
  library: ZipLibrary,
  selected: Selection,
  size: ZipSize,
): Promise<AsyncIterable<Buffer>> {
  const { read } = library.database
  if ('ids' in selected) await requireItems(read, selected.ids)
  const { total, slices } = await openSelection(read, selected)
  if (total > MAX_ITEMS) {
    throw parametersInvalid(`${total} items are chosen; an archive holds at most ${MAX_ITEMS}.`)
  }
  const isTrash = 'filter' in selected && selected.filter?.in === 'trash'
  return begun(writeZip(readZipEntries(library, slices, { size, isTrash })))
}

const sendArchive = (reply: FastifyReply, body: Readable) =>
  reply
    .headers({
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'content-disposition': attachment('media.zip'),
    })
    .type('application/zip')
    .send(body)

const readSize = async (addresses: ImageAddresses, size = 'original'): Promise<ZipSize> =>
  size === 'original' ? size : readAsked(addresses, 'size', size)

/**
 * Waits for the first bytes, so that a fault of storage at the beginning is answered with an error.
 * @throws the error of the first bytes
 */
async function begun(bytes: AsyncGenerator<Buffer>): Promise<AsyncIterable<Buffer>> {
  const first = await bytes.next()
  return (async function* () {
    try {
      if (!first.done) yield first.value
      yield* bytes
    } finally {
      await bytes.return(undefined)
    }
  })()
}
