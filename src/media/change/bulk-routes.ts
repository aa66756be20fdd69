import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../../auth/actor.ts'
import type { Budget } from '../../base/budget.ts'
import { forbidden, serviceBusy } from '../../base/errors.ts'
import { heard } from '../../base/heard.ts'
import { createPace, inBatches } from '../../database/pace.ts'
import { bodyOf, explainError } from '../../http/answer/render-errors.ts'
import { type Static, Type } from '../../http/schema.ts'
import { type Library, NO_FILE_SERVICE } from '../library.ts'
import { type BulkWork, type FailedItem, runBulk } from './bulk.ts'
import {
  InTrashField,
  readSelection,
  readTagChange,
  requireEnd,
  type Selected,
  SelectionFields,
  TagChangeFields,
} from './bulk-parameters.ts'
import { createIndexMerger, type IndexMerger, withoutMerging } from './merge-index.ts'
import { removeItems } from './remove.ts'
import { retagItems } from './retag.ts'
import { countSelected, findNewestId, readSlices } from './selection.ts'

export interface BulkRoutesOptions {
  library: Library
  /** Limits how many requests work on many items at once. */
  bulkWork: Budget
}

export const SEARCH_RULE =
  'A search also needs the permission view-media. Members that are not known are refused.'

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
      description:
        'With `search`, `until` is required: the highest id that the user could see, so that ' +
        `nothing is deleted that arrived since. ${SEARCH_RULE}`,
      body: Type.Object({ ...SelectionFields, ...InTrashField }, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const selected = readSelection(request.body)
      requireEnd(selected)
      return send(request, reply, selected, {
        message: 'Media deleted successfully',
        work: (library, ids) =>
          removeItems(library, ids, actorOf(request), {
            ...('terms' in selected && selected.inTrash && { trashedBefore: Infinity }),
          }),
      })
    },
  })
}

export interface PacedWork extends Pick<BulkWork, 'message'> {
  /** Rejects if the work cannot be done. Called once the caller is known to be allowed to ask for it. */
  check?(): Promise<void>
  /** Does the work for one batch, in a library whose writes are timed. */
  work(library: Library, ids: readonly number[]): Promise<FailedItem[]>
}

/** Returns a function that does work on many items, and sends its progress meanwhile. */
export function createSender(app: FastifyInstance, { library, bulkWork }: BulkRoutesOptions) {
  const stop = new AbortController()
  app.addHook('preClose', async () => {
    stop.abort(serviceBusy('The server is being stopped; send the request again for the rest.'))
  })

  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    selected: Selected,
    { work, message, check }: PacedWork,
  ) => {
    const mayView = request.user?.permissions.includes('view-media') ?? false
    if ('terms' in selected && !mayView) {
      throw forbidden('A search also needs the permission view-media; without it, give ids.')
    }
    await check?.()
    const { read } = library.database
    const release = await bulkWork.take(1)
    try {
      const selection =
        'ids' in selected
          ? selected
          : { ...selected, until: selected.until ?? (await findNewestId(read)) }
      const pace = createPace(library.database)
      const database = withoutMerging(pace.database)
      const merger = createIndexMerger(pace)
      const lines = runBulk({
        total: await countSelected(read, selection),
        batches: inBatches(readSlices(read, selection), pace.batch),
        async work(ids) {
          const failed = await work({ ...library, database }, ids)
          pace.adapt()
          return mayView ? failed : failed.map(withoutName)
        },
        async pause() {
          await pace.pause()
          await merger.merge()
        },
        message,
        explain: (error) => bodyOf(explainError(error, request)),
        signal: stop.signal,
      })
      const body = heard(Readable.from(closing(lines, merger)))
      body.once('close', release)
      reply.headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' }).type(NDJSON_TYPE)
      return reply.send(body)
    } catch (error) {
      release()
      throw error
    }
  }
}

/** Passes the lines on, and closes the merger at their end. */
async function* closing(lines: AsyncIterable<string>, merger: IndexMerger) {
  try {
    yield* lines
  } finally {
    await merger.close()
  }
}

/** For a caller that may not view media, and so must not see the item's name. */
const withoutName = ({ id, error }: FailedItem): FailedItem => ({ id, error })
