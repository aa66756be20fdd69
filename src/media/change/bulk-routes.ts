import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../../auth/actor.ts'
import type { Budget } from '../../base/budget.ts'
import { forbidden, serviceBusy } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import type { Queries } from '../../database/tables.ts'
import { bodyOf, explainError } from '../../http/answer/render-errors.ts'
import { type Static, Type } from '../../http/schema.ts'
import { type Library, NO_FILE_SERVICE } from '../library.ts'
import type { FailedItem } from './bulk.ts'
import {
  readSelection,
  readTagChange,
  SelectionFields,
  TagChangeFields,
} from './bulk-parameters.ts'
import { type PacedWork, runPaced } from './paced-work.ts'
import { removeItems } from './remove.ts'
import { retagItems } from './retag.ts'
import { type Chosen, openSelection, type Selection } from './selection.ts'

export interface BulkRoutesOptions {
  library: Library
  /** Limits how many requests work on many items at once. */
  bulkWork: Budget
}

export const SEARCH_RULE =
  'With a search or a filter, `until` is required: the highest id that the user could see, so that nothing is changed ' +
  'that arrived since. They also need the permission view-media, and `in=trash` needs delete-media. Members that are ' +
  'not known are refused.'

const NDJSON_TYPE = 'application/x-ndjson'

export const BulkProgress = Type.Object(
  {
    done: Type.Integer({ description: 'Items that are done' }),
    failures: Type.Integer({ description: 'Items that failed' }),
    total: Type.Integer({ description: 'How many items there were at the beginning' }),
  },
  { title: 'BulkProgress' },
)
export type BulkProgress = Static<typeof BulkProgress>

export const BulkResult = Type.Object(
  {
    data: Type.String(),
    code: Type.Integer({
      description: '200, or the status of the error that ended the work early',
    }),
    error: Type.Optional(
      Type.String({ description: 'Code of the error that ended the work early' }),
    ),
    detail: Type.Optional(Type.String()),
    done: Type.Integer(),
    failures: Type.Integer(),
    failed: Type.Array(
      Type.Object({
        id: Type.Integer(),
        name: Type.Optional(
          Type.String({ description: 'If the item exists and the caller may view media' }),
        ),
        data: Type.String(),
        code: Type.Integer(),
        error: Type.String(),
        detail: Type.Optional(Type.String()),
      }),
      { description: 'The first 1000 of the failures' },
    ),
  },
  { title: 'BulkResult' },
)
export type BulkResult = Static<typeof BulkResult>

export const BulkAnswer = {
  description: 'Lines of JSON: now and then the progress, and at the end the result.',
  content: { [NDJSON_TYPE]: { schema: Type.Union([BulkProgress, BulkResult]) } },
}

/** Changes the tags of many items. */
export const bulkTagsRoute: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (app, options) => {
  const send = createSender(app, options)
  app.route({
    method: 'POST',
    url: '/media/bulk/tags',
    config: {
      access: 'edit-media',
      failure: 'Error updating media',
      refusals: {
        400: 'Required parameters missing',
        415: 'Unsupported media type',
        503: 'Service busy',
      },
    },
    schema: {
      tags: ['media'],
      summary: 'Change the tags of many items',
      description: SEARCH_RULE,
      body: Type.Object(
        { ...SelectionFields, ...TagChangeFields },
        { additionalProperties: false },
      ),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(request.body)
      const change = readTagChange(request.body)
      return send(request, reply, selected, {
        message: 'Media updated successfully',
        work: ({ database }, ids) => retagItems(database, ids, change, actorOf(request)),
      })
    },
  })
}

/** Deletes many items. */
export const bulkDeleteRoute: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (
  app,
  options,
) => {
  const send = createSender(app, options)
  app.route({
    method: 'POST',
    url: '/media/bulk/delete',
    config: {
      access: 'delete-media',
      failure: 'Error deleting media',
      refusals: {
        400: 'Required parameters missing',
        415: 'Unsupported media type',
        503: `${NO_FILE_SERVICE} Or: Service busy`,
      },
    },
    schema: {
      tags: ['media'],
      summary: 'Delete many items and their files',
      description: SEARCH_RULE,
      body: Type.Object(SelectionFields, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(request.body)
      return send(request, reply, selected, {
        message: 'Media deleted successfully',
        work: (library, ids) =>
          removeItems(library, ids, actorOf(request), {
            ...('filter' in selected &&
              selected.filter?.in === 'trash' && { trashedBefore: Infinity }),
          }),
      })
    },
  })
}

interface RequestedWork extends Pick<PacedWork, 'message' | 'conclude'> {
  /** Does the work for one batch, in a library whose writes are timed. */
  work(library: Library, ids: readonly number[]): Promise<FailedItem[]>
}

/**
 * Returns a function that works on many items, and sends its progress meanwhile. The items come from a selection or
 * from a function that finds them.
 */
export function createSender(app: FastifyInstance, { library, bulkWork }: BulkRoutesOptions) {
  const stop = new AbortController()
  app.addHook('preClose', async () => {
    stop.abort(serviceBusy('The server is being stopped; send the request again for the rest.'))
  })

  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    selected: Selection | ((db: Queries) => Promise<Chosen>),
    { work, message, conclude }: RequestedWork,
  ) => {
    const mayView = request.user?.permissions.includes('view-media') ?? false
    if (typeof selected === 'object') requireSight(request, selected)
    const release = await bulkWork.take(1)
    try {
      const { read } = library.database
      const chosen = await (typeof selected === 'object'
        ? openSelection(read, selected)
        : selected(read))
      const lines = runPaced(library.database, chosen, {
        async work(database, ids) {
          const failed = await work({ ...library, database }, ids)
          return mayView ? failed : failed.map(withoutName)
        },
        message,
        conclude,
        explain: (error) => bodyOf(explainError(error, request)),
        signal: stop.signal,
      })
      const body = heard(Readable.from(lines))
      body.once('close', release)
      reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).type(NDJSON_TYPE)
      return reply.send(body)
    } catch (error) {
      release()
      throw error
    }
  }
}

/**
 * Refuses a selection that would reveal items that the caller may not list.
 * @throws AppError 403 "Forbidden"
 */
export function requireSight({ user }: FastifyRequest, selection: Selection): void {
  if ('ids' in selection) return
  if (!user?.permissions.includes('view-media')) {
    throw forbidden(
      'A search or a filter also needs the permission view-media; without it, give ids.',
    )
  }
  if (selection.filter?.in === 'trash' && !user.permissions.includes('delete-media')) {
    throw forbidden('The trash also needs the permission delete-media.')
  }
}

/** For a caller that may not view media, and so must not see the item's name. */
const withoutName = ({ id, error }: FailedItem): FailedItem => ({ id, error })
