import { buffer } from 'node:stream/consumers'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createBudget } from '../../base/budget.ts'
import { AppError, mediaNotFound, parametersInvalid, quote } from '../../base/errors.ts'
import { PostFailed, postJson } from '../../http/outgoing/post-json.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { type Static, Type } from '../../http/schema.ts'
import { whenGone } from '../../http/when-gone.ts'
import type { AskedImage, ImageAddresses } from '../../images/delivery/image-addresses.ts'
import type { RenditionUses } from '../../images/delivery/rendition-uses.ts'
import { selectDetailedItems } from '../item.ts'
import type { Library } from '../library.ts'
import { sendNothing } from '../library-state.ts'
import { MAX_TEXT } from '../members.ts'
import { readZipEntries } from '../zip/zip-entries.ts'

/** What is sent: enough to see what matters, and small. Of an animation the first frame. */
const IMAGE = 'w_1200,h_1200.jpg'
/** What is sent where nothing is rendered on demand. */
const STORED_IMAGE = 'scaled'
/** Stands against a stored image of any size. */
const MAX_IMAGE_BYTES = 8 * 1024 * 1024
/** Stands against answers that fill the memory. */
const MAX_ANSWER_BYTES = 64 * 1024
const MAX_SECONDS = 60
/** Requests to the service at a time, and how many may wait. Models take seconds for each. */
const AT_ONCE = 4
const MOST_WAITING = 32
const FAILURE = 'Error describing media'

export const Suggestion = Type.Object(
  { suggestion: Type.String({ description: 'An alternative text. Nothing was changed' }) },
  { title: 'Suggestion' },
)
export type Suggestion = Static<typeof Suggestion>

interface DescribeOptions {
  library: Library
  uses: RenditionUses
  imageAddresses: ImageAddresses
  /** Where texts come from. */
  describeUrl: URL
  transforms: 'bounded' | 'signed' | 'off'
}

/** Asks a service of the operator for an alternative text. The routes exist only if there is one. */
export const describeRoute: FastifyPluginAsyncTypebox<DescribeOptions> = async (app, options) => {
  const { library, describeUrl } = options
  const requests = createBudget('describing', AT_ONCE, MOST_WAITING)
  const url = '/media/item/:id/describe'
  const params = Type.Object({ id: IdParameter })

  app.route({
    method: 'OPTIONS',
    url,
    config: { access: 'edit-media' },
    schema: {
      tags: ['media'],
      summary: 'Check whether alternative texts are suggested',
      params,
      response: { 204: Type.Null() },
    },
    handler: async (_request, reply) => sendNothing(reply, 204),
  })

  app.route({
    method: 'POST',
    url,
    config: {
      access: 'edit-media',
      failure: FAILURE,
      refusals: {
        400: 'Required parameters missing',
        404: 'Media not found',
        415: 'Unsupported media type',
        503: 'Service busy',
      },
    },
    schema: {
      tags: ['media'],
      summary: 'Suggest an alternative text',
      description: `Sends a small image of the item to the service that the operator has set. Changes nothing.`,
      params,
      body: Type.Object(
        {
          language: Type.Optional(
            Type.String({ default: 'en', description: 'BCP 47 tag of the language of the text' }),
          ),
        },
        { additionalProperties: false },
      ),
      response: { 200: Suggestion },
    },
    handler: async (request, reply) => {
      const id = requireId(request.params.id)
      const language = readLanguage(request.body.language)
      const signal = whenGone(reply)
      const release = await requests.take(1, { signal })
      try {
        const described = await findItem(library, id)
        const image = await readImage(options, id)
        const answer = await postJson(
          describeUrl,
          { ...described, language, ...image },
          { maxBytes: MAX_ANSWER_BYTES, seconds: MAX_SECONDS, signal },
        )
        reply.header('cache-control', 'no-store')
        return { suggestion: readAlt(answer) }
      } catch (error) {
        if (!(error instanceof PostFailed)) throw error
        throw new AppError('describe-failed', 500, FAILURE, {
          detail: `The service that suggests texts gave none: ${error.message}.`,
          cause: error,
        })
      } finally {
        release()
      }
    },
  })
}

/** A language, a script, a region. The service gets nothing that is not a tag. */
const LANGUAGE = /^[a-z]{2,3}(?:-[a-z\d]{2,8}){0,4}$/i

function readLanguage(language = 'en'): string {
  if (LANGUAGE.test(language)) return language
  throw parametersInvalid(
    `language is ${quote(language)}; it must be a BCP 47 tag such as en or pt-BR.`,
  )
}

async function findItem({ database }: Library, id: number) {
  const row = await selectDetailedItems(database.read)
    .where('media.id', '=', id)
    .where('media.trashed_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw mediaNotFound(`There is no media item with id ${id}.`)
  return { name: row.name, tags: JSON.parse(row.tags) as string[] }
}

/** @throws AppError 404 if the item is gone meanwhile, 500 if it cannot be rendered, 503 under overload */
async function readImage(
  { library, uses, imageAddresses, transforms }: DescribeOptions,
  id: number,
): Promise<{ type: string; image: string }> {
  const size: AskedImage = await imageAddresses.read(transforms === 'off' ? STORED_IMAGE : IMAGE)
  const entries = readZipEntries({ ...library, uses }, [[id]], { size, isTrash: false })
  try {
    for await (const { content, size: bytes } of entries) {
      if (bytes > MAX_IMAGE_BYTES) throw new PostFailed('the image is too large for it')
      const image = await buffer(content)
      return {
        type: transforms === 'off' ? 'image/webp' : 'image/jpeg',
        image: image.toString('base64'),
      }
    }
  } finally {
    await entries.return(undefined)
  }
  throw mediaNotFound(`There is no media item with id ${id}.`)
}

/** @throws PostFailed if the answer is no text of use */
function readAlt(answer: unknown): string {
  const alt =
    typeof answer === 'object' && answer !== null && 'alt' in answer ? answer.alt : undefined
  if (typeof alt !== 'string') throw new PostFailed('its answer has no text `alt`')
  // Control characters, which no text of an item may hold, become spaces.
  const text = alt
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  if (text === '') throw new PostFailed('its text is empty')
  const most = MAX_TEXT.alt
  if ([...text].length > most) throw new PostFailed(`its text is over ${most} characters`)
  return text
}
