import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, parametersMissing } from '../../base/errors.ts'
import { Type } from '../../http/schema.ts'
import { requireCollections } from '../collections/requirements.ts'
import { patchTranslations, readPatch } from '../members.ts'
import { readSelection, readTagLists, SelectionFields, Tags } from './bulk-parameters.ts'
import { BulkAnswer, type BulkRoutesOptions, createSender, SEARCH_RULE } from './bulk-routes.ts'
import { createManyEdit, type ManyEdit } from './edit-many.ts'
import { readNamePattern } from './name-pattern.ts'

const EditFields = {
  set: Type.Optional(
    Type.Unsafe<object>({
      type: 'object',
      description: 'Members as in `PATCH /media/item/:id`, without the name',
    }),
  ),
  addTags: Type.Optional(Tags),
  removeTags: Type.Optional(Tags),
  rename: Type.Optional(
    Type.String({
      description:
        'Pattern of the new names: `{n}` is the running number, `{n:3}` has at least three digits, `{name}` is the ' +
        'name before, `{date}` the day when the image was taken, else added',
    }),
  ),
}

/** Changes members of many items. */
export const bulkEditRoute: FastifyPluginAsyncTypebox<BulkRoutesOptions> = async (app, options) => {
  const send = createSender(app, options)
  app.route({
    method: 'POST',
    url: '/media/bulk/edit',
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
      summary: 'Change members of many items',
      description: SEARCH_RULE,
      body: Type.Object({ ...SelectionFields, ...EditFields }, { additionalProperties: false }),
      response: { 200: BulkAnswer },
    },
    handler: async (request, reply) => {
      const selected = readSelection(request.body)
      const edit = readManyEdit(request.body)
      await requireCollections(options.library.database.read, edit.set.collections ?? [])
      const work = createManyEdit(edit, actorOf(request))
      return send(request, reply, selected, {
        message: 'Media updated successfully',
        work: ({ database }, ids) => work(database, ids),
      })
    },
  })
}

interface EditBody {
  set?: object
  addTags?: unknown
  removeTags?: unknown
  rename?: string
}

/** @throws AppError 400 */
function readManyEdit({ set: given = {}, addTags, removeTags, rename }: EditBody): ManyEdit {
  if ('name' in given) {
    throw parametersInvalid('set holds name; give the new names as a pattern, in rename.')
  }
  const set = readPatch(given)
  // Each item has other translations, but a patch that is wrong is wrong for all.
  if (set.translations !== undefined) patchTranslations({}, set.translations)
  const tags = readTagLists({ addTags, removeTags })
  const isEmpty = Object.keys(set).length + tags.add.length + tags.remove.length === 0
  if (isEmpty && rename === undefined) {
    throw parametersMissing(
      'set, addTags, removeTags and rename are missing or empty; give at least one change.',
    )
  }
  return {
    set,
    tags,
    rename: rename === undefined ? undefined : { text: rename, pattern: readNamePattern(rename) },
  }
}
