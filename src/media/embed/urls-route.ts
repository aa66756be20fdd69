import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { Type } from '../../http/schema.ts'
import type { AskedImage, ImageAddresses } from '../../images/delivery/image-addresses.ts'
import { addressOf } from '../item.ts'
import { findImage } from './find-image.ts'
import { readAsked } from './read-asked.ts'

const MAX_ADDRESSES = 100

/** Makes addresses of an item's image with any options. */
export const urlsRoute: FastifyPluginAsyncTypebox<{
  database: Database
  imageAddresses: ImageAddresses
}> = async (app, { database, imageAddresses }) => {
  app.route({
    method: 'POST',
    url: '/media/urls',
    config: {
      access: 'view-media',
      failure: 'Error making addresses',
      refusals: {
        400: 'Required parameters missing',
        404: 'Media not found',
        415: 'Unsupported media type',
      },
    },
    schema: {
      tags: ['delivery'],
      summary: 'Make immutable addresses of an image, with any options',
      description:
        'What not everybody may ask for is signed. An address with a preset has its present revision.',
      body: Type.Object(
        {
          id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
          options: Type.Array(Type.String(), {
            description: `1 to ${MAX_ADDRESSES} lists with a format: \`w_700,q_60.webp\`, \`hero.jpg\`, \`scaled\``,
          }),
        },
        { additionalProperties: false },
      ),
      response: {
        200: Type.Object({ urls: Type.Array(Type.String(), { description: 'In that order' }) }),
      },
    },
    handler: async (request) => {
      const { id, options } = request.body
      const asked = await readAll(imageAddresses, options)
      const { key } = await findImage(database, id)
      const urls = asked.map(
        ({ address }) => app.basePath + addressOf(key, imageAddresses.print(key, address)),
      )
      return { urls }
    },
  })
}

async function readAll(
  addresses: ImageAddresses,
  options: readonly string[],
): Promise<AskedImage[]> {
  if (options.length === 0) throw parametersMissing('options is empty; give at least one.')
  if (options.length > MAX_ADDRESSES) {
    throw parametersInvalid(
      `options holds ${options.length}; at most ${MAX_ADDRESSES} are allowed.`,
    )
  }
  return Promise.all(options.map((text, index) => readAsked(addresses, `options[${index}]`, text)))
}
