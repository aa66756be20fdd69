import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../../database/database.ts'
import { createMemo } from '../../database/memo.ts'
import { binaryAnswer } from '../../http/openapi.ts'
import { IdParameter, readId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { ANY_ORIGIN, allowAnyOrigin } from './any-origin.ts'
import { readAccepted } from './choose-format.ts'
import type { FindById } from './find-by-id.ts'
import { createImageHeaders, HEADERS_IN_TRASH, type ImageHeaders } from './image-headers.ts'
import { type ImageLookup, type Shown, showVariant } from './image-lookup.ts'
import { readMediaId, sendPresent } from './open-object.ts'
import type { SendImage } from './send-image.ts'
import type { Source, SourceLookup } from './source-lookup.ts'

export interface ImageOptions {
  database: Database
  sources: SourceLookup
  findById: FindById
  lookup: ImageLookup
  sender: SendImage
  /** Whether everybody may see images, or only callers who may view media. */
  isPublic: boolean
  /** Whether `auto` may answer AVIF. */
  avif: boolean
}

/** About 20,000 addresses: more than a page of a large website shows. */
const MAX_BYTES = 16 * 1024 * 1024
/** Approximate size of a `Shown` with its plan. */
const SHOWN_BYTES = 700

type FastPath = FastifyContextConfig['fastPath']

const URLS = ['/media/image/:id', '/media/image/:id/:options', '/media/file/:key/:options'] as const

interface ById {
  id: string
  options?: string
}

/** Sends images at every size, to everybody or to callers who may view media. */
export const imageRoutes: FastifyPluginAsyncTypebox<ImageOptions> = async (app, options) => {
  const { database, lookup, isPublic, avif } = options
  const { sources, findById } = options
  const { send, recall } = options.sender
  /** By what distinguishes the answers: the path, and the formats that the client accepts if `auto` chooses one. */
  const memo = createMemo<Shown>(database, MAX_BYTES, () => SHOWN_BYTES)
  const config = {
    access: isPublic ? 'public' : 'view-media',
    failure: 'Error processing media',
    refusals: {
      400: 'Invalid parameters',
      403: 'Forbidden',
      404: 'Media not found',
      503: 'Service busy',
    },
  } as const

  const headersFor = createImageHeaders(isPublic)
  if (isPublic) allowAnyOrigin(app, URLS)
  const headersById = headersFor('no-cache')
  // Not for ever: the target changes with the next recipe or focus, and is gone after a delete.
  const headersMoved = headersFor('public, max-age=3600')
  const headersByKey = headersFor('public, max-age=31536000, immutable')

  const acceptedBy = ({ headers }: Pick<FastifyRequest['raw'], 'headers'>) =>
    readAccepted(headers.accept, avif)
  const placeOf = (raw: FastifyRequest['raw'], path: string) =>
    path.endsWith('.auto') ? `${path} ${acceptedBy(raw)}` : path
  const placeById = (id: number, text: string) => `${id}/${text}`
  const placeByKey = (key: string, text: string) => `key ${key}/${text}`

  const recallById: FastPath = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { id = '', options = 'scaled' } = params
    const mediaId = readId(id)
    if (mediaId === undefined) return undefined
    const shown = memo.recall(placeOf(raw, placeById(mediaId, options)))
    return recall(shown, headersById, response)
  }
  const recallByKey: FastPath = ({ raw, response, params }) => {
    if (raw.headers['if-none-match'] !== undefined) return undefined
    const { key = '', options = '' } = params
    return recall(memo.recall(placeOf(raw, placeByKey(key, options))), headersByKey, response)
  }
  const configById = isPublic ? { ...config, anyHost: true, fastPath: recallById } : config
  const configByKey = isPublic ? { ...config, anyHost: true, fastPath: recallByKey } : config

  const byId = async (request: FastifyRequest<{ Params: ById }>, reply: FastifyReply) => {
    const { options: text = 'scaled' } = request.params
    const mediaId = readMediaId(request.params.id)
    const variant = VARIANTS.find((name) => name === text)
    const checked = variant ? undefined : lookup.check(`${mediaId}`, text)
    const canonical = checked && (BY_ID.get(checked.text) ?? checked.text)
    const show = (source: Source) =>
      checked
        ? lookup.show(source, checked, acceptedBy(request.raw), false)
        : showVariant(database, source.fileId, variant ?? 'scaled')

    const find = async (): Promise<Target | undefined> => {
      let other: Target | undefined
      const shown = await memo.read(placeOf(request.raw, placeById(mediaId, text)), async () => {
        const found = await findById(request, mediaId)
        if (!found) return undefined
        const { fileId, into, inTrash } = found
        if (into !== undefined) {
          // Not kept, because a restore ends it.
          const to = checked
            ? `../${into}/${lookup.readdress(checked, `${into}`)}`
            : toItem(request, into)
          other = { fileId, moved: { to, status: 308, headers: headersById } }
          return undefined
        }
        const shown = await show(found)
        if ('elsewhere' in shown) {
          other = { fileId, moved: { ...shown.elsewhere, headers: headersMoved } }
        } else if (canonical !== undefined && canonical !== text) {
          other = { fileId, moved: { to: canonical, status: 308, headers: headersMoved } }
        } else if (inTrash) {
          other = { fileId, key: shown.stored?.key, shown, headers: HEADERS_IN_TRASH }
        } else return shown
        return undefined
      })
      return shown ? targetOf(shown, headersById) : other
    }
    return sendPresent(find, (target) => answer(request, reply, target))
  }

  const byKey = async (
    request: FastifyRequest<{ Params: { key: string; options: string } }>,
    reply: FastifyReply,
  ) => {
    const { key, options: text } = request.params
    const checked = lookup.check(
      key,
      VARIANTS.some((name) => name === text) ? `${text}.webp` : text,
    )
    const find = async (): Promise<Target | undefined> => {
      let other: Target | undefined
      const shown = await memo.read(placeOf(request.raw, placeByKey(key, text)), async () => {
        const source = await sources.byKey(key)
        if (!source) {
          const present = await sources.presentKey(key)
          if (present !== undefined && (await sources.byKey(present))) {
            const to = `../${present}/${lookup.readdress(checked, present)}`
            other = { fileId: 0, moved: { to, status: 308, headers: headersMoved } }
          }
          return undefined
        }
        const { fileId } = source
        const shown = await lookup.show(source, checked, acceptedBy(request.raw), true)
        if ('elsewhere' in shown) {
          other = { fileId, moved: { ...shown.elsewhere, headers: headersById } }
        } else if (checked.text !== text) {
          other = { fileId, moved: { to: checked.text, status: 308, headers: headersMoved } }
        } else return shown
        return undefined
      })
      return shown ? targetOf(shown, headersByKey) : other
    }
    return sendPresent(find, (target) => answer(request, reply, target))
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, target: Target) {
    if ('moved' in target) {
      const { to, status, headers } = target.moved
      // Relative, so that it is right under any base path.
      return reply.headers(headers).redirect(to + searchOf(request), status)
    }
    const { shown, headers } = target
    if (headers === HEADERS_IN_TRASH) {
      for (const header of Object.keys(ANY_ORIGIN)) reply.removeHeader(header)
    }
    return send(request, reply, shown, headers)
  }

  const params = { id: IdParameter }
  const tags = ['delivery']
  const response = {
    200: binaryAnswer('image/webp', 'The image'),
    304: Type.Null(),
    307: Type.Null(),
    308: Type.Null(),
  }
  const description =
    'The id of an item that was merged into another one leads there. An item in the trash is shown only to callers ' +
    'with the permission `delete-media`; with `in=trash` also if it was merged.'
  const querystring = Type.Object({ in: Type.Optional(Type.Literal('trash')) })
  const [url, urlOfSize, urlByKey] = URLS
  app.route({
    method: 'GET',
    url,
    config: configById,
    schema: {
      summary: 'Show an item, scaled to fit 400 x 400',
      description,
      params: Type.Object(params),
      querystring,
      response,
      tags,
    },
    handler: byId,
  })
  app.route({
    method: 'GET',
    url: urlOfSize,
    config: configById,
    schema: {
      summary: 'Show an item: scaled (fits 400 x 400), high (fits 2560 x 2560), or at any size',
      params: Type.Object({ ...params, options: OptionsParameter }),
      description,
      querystring,
      response,
      tags,
    },
    handler: byId,
  })
  app.route({
    method: 'GET',
    url: urlByKey,
    config: configByKey,
    schema: {
      summary: 'The immutable address of an image, as in `urls` of an item',
      params: Type.Object({ key: Type.String(), options: OptionsParameter }),
      response,
      tags,
    },
    handler: byKey,
  })
}

const OptionsParameter = Type.String({
  description:
    'A list of options with commas, then the format: `w_800.webp`, `w_640,ar_16-9.jpg`, `hero,w_800.auto`',
})

/** What a request for an image leads to. */
type Target =
  | { fileId: number; key: string | undefined; shown: Shown; headers: ImageHeaders }
  | { fileId: number; key?: undefined; moved: Moved }

interface Moved {
  to: string
  status: 307 | 308
  headers: ImageHeaders
}

const targetOf = (shown: Shown, headers: ImageHeaders): Target => ({
  fileId: shown.fileId,
  key: shown.stored?.key,
  shown,
  headers,
})

const VARIANTS = ['scaled', 'high'] as const

/** By id, these two have a spelling of their own. */
const BY_ID: ReadonlyMap<string, string> = new Map(VARIANTS.map((name) => [`${name}.webp`, name]))

/** The address of a merged item's image that was asked for by its id, without options or with the name of a variant. */
const toItem = ({ params }: FastifyRequest<{ Params: ById }>, into: number): string =>
  params.options === undefined ? `${into}` : `../${into}/${params.options}`

/** The query of a request, with its question mark. */
function searchOf({ url }: FastifyRequest): string {
  const at = url.indexOf('?')
  return at === -1 ? '' : url.slice(at)
}
