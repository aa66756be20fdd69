import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { Type } from '../../http/schema.ts'
import { readTag } from '../parameters.ts'
import { BulkAnswer, type BulkRoutesOptions, createSender } from './bulk-routes.ts'
import { createTagWork, findTagged, type TagRename } from './rename-tag.ts'

const MESSAGE = 'Media updated successfully'

/** Changes of one tag of all items. */
export const tagChangeRoutes: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (
  app,
  options,
) => {
  const send = createSender(app, options)
  const { database } = options.library
  const config = {
    access: 'edit-media',
    failure: 'Error updating media',
    refusals: {
      400: 'Required parameters missing',
      415: 'Unsupported media type',
      503: 'Service busy',
    },
  } as const
  const change = (
    request: Parameters<typeof send>[0],
    reply: Parameters<typeof send>[1],
    rename: TagRename,
  ) => {
    const { work, conclude } = createTagWork(database, rename, actorOf(request))
    return send(request, reply, (db) => findTagged(db, rename.from), {
      message: MESSAGE,
      work: (library, ids) => work(library.database, ids),
      conclude,
    })
  }
  const rule =
    'Tags that differ in case alone are one. Revisions and times of change of the items stay as they are.'

  app.route({
    method: 'POST',
    url: '/media/tags/rename',
    config,
    schema: {
      tags: ['media'],
      summary: 'Rename a tag wherever it is',
      description: `Where items have the new tag already, the two become one. ${rule}`,
      body: Type.Object(
        { from: Type.String(), to: Type.String() },
        { additionalProperties: false },
      ),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) => {
      const { body } = request
      const rename = { from: readTag(body.from, 'from'), to: readTag(body.to, 'to') }
      return change(request, reply, rename)
    },
  })
  app.route({
    method: 'POST',
    url: '/media/tags/remove',
    config,
    schema: {
      tags: ['media'],
      summary: 'Remove a tag wherever it is',
      description: rule,
      body: Type.Object({ tag: Type.String() }, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: (request, reply) =>
      change(request, reply, { from: readTag(request.body.tag, 'tag'), to: undefined }),
  })
}
