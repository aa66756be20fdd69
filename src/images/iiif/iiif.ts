import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../../database/database.ts'
import { sendObject } from '../../http/answer/send-object.ts'
import type { OutputFormat } from '../address/options.ts'
import { TYPES } from '../delivery/choose-format.ts'
import type { ImageHeaders } from '../delivery/image-headers.ts'
import type { Shown } from '../delivery/image-lookup.ts'
import { sendPresent } from '../delivery/open-object.ts'
import type { Block } from '../delivery/render-file.ts'
import type { SendImage } from '../delivery/send-image.ts'
import { findStored, type Source } from '../delivery/source-lookup.ts'
import { type Plan, planName } from '../plan/plan.ts'
import { chooseMediaType } from './choose-media-type.ts'
import { type ImagePath, parseRequest } from './image-request.ts'
import { infoOf, PROFILE_LINK } from './info.ts'
import { planRequest } from './plan-request.ts'

/** An image that has an identifier. */
export interface Place {
  source: Source
  /** The base URI of the image: https://iiif.io/api/image/3.0/#2-uri-syntax */
  base: string
  /** Of the answer with an image, and of others. */
  headers: { image: ImageHeaders; other: ImageHeaders }
}

/** Another image that an identifier leads to. */
export interface Moved {
  /** The other one's base, relative to the base with this identifier. */
  to: string
  headers: ImageHeaders
}

/** Finds what the identifier of a request names at this moment; undefined if there is nothing. */
export type FindPlace = () => Promise<Place | { moved: Moved } | undefined>

type Found =
  | { fileId: number; key?: undefined; moved: Moved }
  | { fileId: number; key: string | undefined; place: Place; shown: Shown; canonical: string }

export interface IiifOptions {
  database: Database
  send: SendImage['send']
  /** Whether AVIF is sent. */
  avif: boolean
}

/** Answers requests of the IIIF Image API 3.0: https://iiif.io/api/image/3.0/ */
export function createIiif({ database, send, avif }: IiifOptions) {
  const formats: readonly OutputFormat[] = [
    'jpg',
    'png',
    'webp',
    ...(avif ? ['avif' as const] : []),
  ]

  async function sendBase(find: FindPlace, reply: FastifyReply) {
    return sendPresent(withFileId(find), async ({ place }) => {
      if ('moved' in place) return redirect(reply, place.moved, [])
      const name = place.base.slice(place.base.lastIndexOf('/') + 1)
      return reply.headers(place.headers.other).redirect(`${name}/info.json`, 303)
    })
  }

  async function sendInfo(find: FindPlace, request: FastifyRequest, reply: FastifyReply) {
    return sendPresent(withFileId(find), async ({ place }) => {
      if ('moved' in place) return redirect(reply, place.moved, ['info.json'])
      const type = chooseMediaType(request.headers.accept)
      const body = Buffer.from(JSON.stringify(infoOf(place.base, place.source, formats)))
      const sha256 = createHash('sha256').update(type).update(body).digest('hex')
      return sendObject(request, reply, {
        etag: `"${sha256}"`,
        type,
        size: body.length,
        open: async (range) => (range ? body.subarray(range.start, range.end + 1) : body),
        headers: { ...place.headers.other, vary: 'Accept', link: PROFILE_LINK },
      })
    })
  }

  async function sendImage(
    find: FindPlace,
    request: FastifyRequest<{ Params: ImagePath }>,
    reply: FastifyReply,
  ) {
    const { region, size, rotation, file } = request.params
    const asked = parseRequest(request.params, formats)
    const findShown = async (): Promise<Found | undefined> => {
      const place = await find()
      if (!place) return undefined
      if ('moved' in place) return { fileId: 0, moved: place.moved }
      const { fileId } = place.source
      const { plan, canonical, block } = planRequest(asked, place.source)
      const name = planName(plan)
      const [stored] = await database.run(findStored, fileId, name)
      const type = TYPES[plan.format]
      const wanted = { name, plan, ...(!stored && block && block.length > 1 && blockNamed(block)) }
      const shown: Shown = { fileId, wanted, type, varies: false, stored }
      return { fileId, key: stored?.key, place, shown, canonical }
    }
    return sendPresent(findShown, async (found) => {
      if ('moved' in found) return redirect(reply, found.moved, [region, size, rotation, file])
      const { place, shown, canonical } = found
      const link = `${PROFILE_LINK}, <${place.base}/${canonical}>;rel="canonical"`
      return send(request, reply, shown, { ...place.headers.image, link })
    })
  }

  return { sendBase, sendInfo, sendImage }
}

export type Iiif = ReturnType<typeof createIiif>

const withFileId = (find: FindPlace) => async () => {
  const place = await find()
  return place && { fileId: 'moved' in place ? 0 : place.source.fileId, place }
}

function blockNamed(plans: readonly Plan[]): { block: Block } {
  const images = plans.map((plan) => ({ name: planName(plan), plan }))
  return { block: { name: `block ${images[0]?.name}`, images } }
}

/** Leads to the same part of another image. Relative, so that it is right under any base path. */
function redirect(reply: FastifyReply, { to, headers }: Moved, parts: readonly string[]) {
  const path = [to, ...parts.map(encodeURI)].join('/')
  return reply.headers(headers).redirect('../'.repeat(parts.length) + path, 308)
}
