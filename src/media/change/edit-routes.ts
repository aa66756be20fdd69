import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { actorOf } from '../../auth/actor.ts'
import { parametersInvalid, quote } from '../../base/errors.ts'
import type { Database } from '../../database/database.ts'
import { acceptMergePatch } from '../../http/body/parse-json.ts'
import { IdParameter, requireId } from '../../http/read-id.ts'
import { Type } from '../../http/schema.ts'
import { type ItemAddresses, MediaItem } from '../item.ts'
import { Answer, ItemFields, PatchFields } from '../item-fields.ts'
import { readMembers, readPatch } from '../members.ts'
import { readName, readTags } from '../parameters.ts'
import { type Edit, editMedia } from './edit.ts'

/** Changes of one item. */
export const editRoutes: FastifyPluginAsyncTypebox<{
  database: Database
  addresses: ItemAddresses
}> = async (app, { database, addresses }) => {
  acceptMergePatch(app)
  // The readers of members give clearer answers than a schema.
  app.setValidatorCompiler(() => () => true)
  const config = {
    access: 'edit-media',
    failure: 'Error updating media',
    refusals: {
      400: 'Required parameters missing',
      404: 'Media not found',
      412: 'Media changed meanwhile',
      415: 'Unsupported media type',
    },
  } as const

  async function change(request: FastifyRequest, id: number, edit: Edit, isPatch: boolean) {
    const options = { by: actorOf(request), revisions: readRevisions(request), isPatch }
    const media = await editMedia(database, id, edit, options)
    return { data: 'Media updated successfully', code: 200, media: addresses.inItem(media) }
  }
  const edit = (idText: string | undefined, request: FastifyRequest) => {
    const id = requireId(idText)
    const fields = { ...Object(request.body) }
    const [name, tags] = [readName(fields.name), readTags(fields.tags)]
    return change(request, id, { name, tags, ...readMembers(fields) }, false)
  }

  app.route({
    method: 'POST',
    url: '/media/edit/:id',
    config,
    schema: {
      summary: 'Change name and tags',
      description: 'And other members, if they are given: null clears one, an absent one stays.',
      tags: ['media'],
      params: Type.Object({ id: IdParameter }),
      body: Type.Object(ItemFields),
      response: { 200: Answer({ media: MediaItem }) },
    },
    handler: (request) => edit(request.params.id, request),
  })
  app.route({
    method: 'POST',
    url: '/media/edit/',
    config,
    schema: { hide: true },
    handler: (request) => edit(undefined, request),
  })
  app.route({
    method: 'PATCH',
    url: '/media/item/:id',
    config,
    schema: {
      summary: 'Change some members of an item',
      description:
        'A JSON merge patch (RFC 7396). With `If-Match`, it changes the item only if that has the revision of ' +
        'this ETag.',
      tags: ['media'],
      params: Type.Object({ id: IdParameter }),
      body: Type.Object(PatchFields, { additionalProperties: false }),
      response: { 200: Answer({ media: MediaItem }) },
    },
    handler: (request) =>
      change(request, requireId(request.params.id), readPatch(request.body), true),
  })
}

/** The ETag of an item: its revision, and what else its answer depends on. */
const ETAG = /^(?:W\/)?"(\d{1,16})\.[\w-]+"$/

/**
 * The revisions that `If-Match` names; undefined if it is absent or `*`. Of an ETag only the revision counts.
 * @throws AppError 400 "Invalid parameters" for an ETag that no item ever had
 */
function readRevisions({ headers }: FastifyRequest): ReadonlySet<number> | undefined {
  const given = headers['if-match']?.trim()
  if (given === undefined || given === '*') return undefined
  const revisions = given.split(',').map((tag) => Number(ETAG.exec(tag.trim())?.[1] ?? Number.NaN))
  if (revisions.some(Number.isNaN)) {
    throw parametersInvalid(
      `If-Match is ${quote(given)}; it must be the ETag of an answer of GET /media/item/:id, or *.`,
    )
  }
  return new Set(revisions)
}
