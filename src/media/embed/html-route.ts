import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { mediaNotFound, parametersInvalid, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { type Query, readText } from '../../http/query-parameters.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { isPresetName, RIGHT_PRESET_NAME } from '../../images/address/preset-name.ts'
import type { ImageAddresses } from '../../images/delivery/image-addresses.ts'
import { addressOf } from '../item.ts'
import { requireText } from '../parameters.ts'
import type { Look } from './candidates.ts'
import { findImage } from './find-image.ts'
import { pictureOf } from './picture.ts'

/** Far more than any page needs. An answer repeats it a few times. */
const MAX_SIZES = 1000

export interface HtmlOptions {
  database: Database
  imageAddresses: ImageAddresses
  /** The ladder of widths that anybody may ask for. */
  widths: readonly number[]
  avif: boolean
  /** `off`: there are only `scaled` and `high`. */
  transforms: 'bounded' | 'signed' | 'off'
  /** Where clients reach the server, with the base path. Undefined: addresses are relative. */
  publicUrl: string | undefined
}

/** The HTML that shows an item in a page of another site. */
export const htmlRoute: FastifyPluginAsyncTypebox<HtmlOptions> = async (app, options) => {
  const { database, imageAddresses, widths, avif, transforms, publicUrl } = options
  const prefix = publicUrl ?? app.basePath

  async function readLook(preset: string | undefined): Promise<Look> {
    if (preset === undefined) return { options: {} }
    if (!isPresetName(preset)) {
      throw parametersInvalid(`preset is ${quote(preset)}; it must be ${RIGHT_PRESET_NAME}.`)
    }
    const { address, options } = await imageAddresses.read(`${preset}.webp`)
    const { revision } = address
    return { preset, ...(revision !== undefined && { revision }), options }
  }

  app.route({
    method: 'GET',
    url: '/media/item/:id/html',
    config: {
      access: 'view-media',
      failure: 'Error reading media',
      refusals: { 400: 'Invalid parameters', 404: 'Media not found Or: Preset not found' },
    },
    schema: {
      tags: ['delivery'],
      summary: 'The HTML that shows an item in a page',
      description:
        'A `<picture>` with all widths, the alternative text and a placeholder. Addresses are absolute if the server ' +
        'knows its public address.',
      params: Type.Object({ id: IdParameter }),
      querystring: Type.Object({
        sizes: Type.Optional(Type.String({ description: 'The attribute `sizes`' })),
        preset: Type.Optional(Type.String({ description: 'The name of a preset' })),
      }),
      response: { 200: Type.Object({ html: Type.String() }) },
    },
    handler: async (request, reply) => {
      const query = request.query as Query
      const sizes = readText(query, 'sizes')
      if (sizes !== undefined) requireText('sizes', sizes, MAX_SIZES)
      const id = readId(request.params.id)
      const look = await readLook(readText(query, 'preset'))
      if (id === undefined) throw mediaNotFound(`${quote(request.params.id)} is no id.`)
      const image = await findImage(database, id)
      const html = pictureOf(image, {
        widths: transforms === 'off' ? undefined : widths,
        avif,
        look,
        sizes,
        urlOf: (address) => prefix + addressOf(image.key, imageAddresses.print(image.key, address)),
      })
      reply.header('cache-control', 'no-store')
      return { html }
    },
  })
}
