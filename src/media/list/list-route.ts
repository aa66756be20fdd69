import { finished, Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createKnownCallers } from '../../auth/known-callers.ts'
import type { Budget } from '../../base/budget.ts'
import { forbidden } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { CacheUse } from '../../base/recent.ts'
import type { PlainRequest } from '../../http/answer/fast-path.ts'
import { createBufferFreer } from '../../http/body/free-buffers.ts'
import type { Query } from '../../http/query-parameters.ts'
import { type Static, Type } from '../../http/schema.ts'
import { FilterFields } from '../filter/filter.ts'
import { type ItemAddresses, MediaItem } from '../item.ts'
import type { Library } from '../library.ts'
import { type ReadState, sendNothing } from '../library-state.ts'
import { ORDER_NAMES } from '../order/read-order.ts'
import type { ListQuery } from './list.ts'
import { createListAnswers, type ListAnswer } from './list-answers.ts'
import { createListReader } from './list-reader.ts'
import { streamList } from './stream-list.ts'

export const MediaList = Type.Object(
  {
    media: Type.Array(MediaItem),
    max: Type.Integer({ description: 'Pages of size `limit` in the whole result' }),
    from: Type.Integer({ description: '1-based position of the first item returned, or 0' }),
    to: Type.Integer({ description: '1-based position of the last item returned, or 0' }),
  },
  { title: 'MediaList' },
)
export type MediaList = Static<typeof MediaList>

/**
 * Refuses a list of the trash to a caller without the permission for it.
 * @throws AppError 403 "Forbidden"
 */
function requireTrashPermission({ user, query }: FastifyRequest) {
  if (Object(query).in !== 'trash' || user?.permissions.includes('delete-media')) return
  throw forbidden('The trash also needs the permission delete-media.')
}

/** Lists and searches. */
export const listRoute: FastifyPluginAsyncTypebox<{
  library: Library
  readState: ReadState
  /** Limits how many snapshots of long lists are read at once. */
  listings: Budget
  addresses: ItemAddresses
  listUse: CacheUse
}> = async (app, { library, readState, listings, addresses, listUse }) => {
  const { database } = library
  const lists = createListReader(database, readState)
  const callers = createKnownCallers(database)
  const countUsed = createBufferFreer()
  const answer = createListAnswers(lists, readState, addresses, countUsed, listUse)

  /** Returns the handler's answer for a caller that is known to be authorised, without Fastify's hooks. */
  function answerKnown({ raw, query }: PlainRequest) {
    // It is not known whether the caller has the permission for the trash.
    if (query.in !== undefined) return undefined
    const answerAt = (now: number | undefined) => {
      const user = callers.recall(raw, now)
      if (user === undefined) return undefined
      const toReady = ({ status, ready: headers, body }: ListAnswer) =>
        body && { status, headers, body, user }
      const found = answer(raw, query, now)
      return found instanceof Promise ? found.then(toReady) : toReady(found)
    }
    return database.readChangeToken
      ? database.readChangeToken().then(answerAt)
      : answerAt(database.changeToken())
  }

  app.route({
    method: 'GET',
    url: '/media',
    config: {
      access: 'view-media',
      failure: 'Error listing media',
      fastPath: answerKnown,
      refusals: { 400: 'Invalid parameters', 503: 'Service busy' },
    },
    schema: {
      tags: ['media'],
      summary: 'List and search media',
      description:
        'Without `limit` the whole library is streamed as one consistent snapshot. ' +
        'The number of matching items is in `X-Total-Count`.',
      querystring: Type.Object({
        order: Type.Optional(
          Type.Union(
            ORDER_NAMES.map((order) => Type.Literal(order)),
            {
              default: 'added-desc',
              description:
                'Names in natural order; items without a date last. `collection` needs the parameter `collection`',
            },
          ),
        ),
        limit: Type.Optional(Type.Integer({ minimum: 1, description: 'At most this many items' })),
        offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
        search: Type.Optional(
          Type.String({
            maxLength: 255,
            description:
              'Each term must occur within the name, the file name, one tag, the alt text, the description or the credit',
          }),
        ),
        ...FilterFields,
      }),
      response: { 200: MediaList, 304: Type.Null() },
    },
    handler: async (request, reply) => {
      callers.remember(request)
      requireTrashPermission(request)
      const { status, headers, query, body } = await answer(request.raw, request.query as Query)
      reply.headers(headers)
      if (status === 304) return sendNothing(reply, 304)
      return body === undefined ? sendStream(request, reply, query) : sendWritten(reply, body)
    },
  })

  /** Sends JSON that is already serialised, in the form of the schema. */
  const sendWritten = (reply: FastifyReply, body: Buffer) => reply.send(body)

  async function sendStream(request: FastifyRequest, reply: FastifyReply, query: ListQuery) {
    if (request.method === 'HEAD') return reply.send(heard(Readable.from([])))
    const release = await listings.take(1)
    try {
      const { summary, body } = await streamList(library, lists, addresses, query, countUsed)
      // Called even if the body has failed already.
      finished(body, () => {
        release()
        if (body.errored) request.log.warn({ err: body.errored }, 'A list was cut off')
      })
      reply.header('x-total-count', summary.total)
      return reply.send(body)
    } catch (error) {
      release()
      throw error
    }
  }
}
