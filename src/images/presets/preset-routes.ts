import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../../auth/actor.ts'
import type { Database } from '../../database/database.ts'
import { type Static, Type } from '../../http/schema.ts'
import {
  deletePreset,
  listPresets,
  MAX_PRESETS,
  type PresetRow,
  savePreset,
} from './change-preset.ts'
import { readPresetName, readPresetOptions } from './read-preset.ts'

const MAX_BODY_BYTES = 64 * 1024

export const PresetAnswer = Type.Object(
  {
    name: Type.String(),
    options: Type.String({ description: 'In canonical spelling, without a format' }),
    revision: Type.Integer({ description: 'New with every change; in immutable addresses as `v`' }),
    changedAt: Type.String({ format: 'date-time' }),
    changedBy: Type.Union([Type.String(), Type.Null()], {
      description: 'Username; null if it was a command',
    }),
  },
  { title: 'Preset' },
)
export type PresetAnswer = Static<typeof PresetAnswer>

const Changed = Type.Object({ data: Type.String(), code: Type.Integer(), preset: PresetAnswer })
const Name = Type.Object({
  name: Type.String({
    description: 'A lower-case letter and up to 31 lower-case letters, digits or hyphens',
  }),
})

/** Presets: names for options of image addresses. */
export const presetRoutes: FastifyPluginAsyncTypebox<{ database: Database }> = async (
  app,
  { database },
) => {
  const changed = (verb: 'saved' | 'deleted', preset: PresetRow) => ({
    data: `Preset ${verb} successfully`,
    code: 200,
    preset: toAnswer(preset),
  })

  app.route({
    method: 'GET',
    url: '/presets',
    config: { access: 'view-media', failure: 'Error listing presets' },
    schema: {
      tags: ['presets'],
      summary: 'All presets, by name',
      description: `At most ${MAX_PRESETS}. \`scaled\` and \`high\`, which every library has, are not among them.`,
      response: { 200: Type.Object({ presets: Type.Array(PresetAnswer) }) },
    },
    handler: async () => ({ presets: (await listPresets(database.read)).map(toAnswer) }),
  })

  app.route({
    method: 'PUT',
    url: '/presets/:name',
    config: {
      access: 'manage-presets',
      failure: 'Error saving the preset',
      refusals: {
        400: 'Required parameters missing',
        409: 'Too many presets',
        415: 'Unsupported media type',
      },
    },
    bodyLimit: MAX_BODY_BYTES,
    schema: {
      tags: ['presets'],
      summary: 'Make or change a preset',
      description:
        'Other options give it a new revision, and its addresses by id show them at once. With the same options it ' +
        'stays as it is.',
      params: Name,
      body: Type.Object(
        { options: Type.String({ description: 'Without a format: `w_1600,ar_21-9,q_85`' }) },
        { additionalProperties: false },
      ),
      response: { 200: Changed },
    },
    handler: async (request) => {
      const name = readPresetName(request.params.name)
      const options = readPresetOptions(request.body.options)
      return changed('saved', await savePreset(database, name, options, actorOf(request)))
    },
  })

  app.route({
    method: 'DELETE',
    url: '/presets/:name',
    config: {
      access: 'manage-presets',
      failure: 'Error deleting the preset',
      refusals: { 400: 'Invalid parameters', 404: 'Preset not found' },
    },
    schema: {
      tags: ['presets'],
      summary: 'Delete a preset; its addresses show nothing from then on',
      params: Name,
      response: { 200: Changed },
    },
    handler: async (request) => {
      const name = readPresetName(request.params.name)
      return changed('deleted', await deletePreset(database, name, actorOf(request)))
    },
  })
}

const toAnswer = ({ changed_at, changed_by, ...preset }: PresetRow): PresetAnswer => ({
  ...preset,
  changedAt: new Date(changed_at).toISOString(),
  changedBy: changed_by,
})
