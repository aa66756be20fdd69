import type { FastifyPluginAsync } from 'fastify'
import type { HasPermission } from '../../auth/admission.ts'
import type { BasePath } from '../../http/base-path.ts'
import { createIiif } from '../iiif/iiif.ts'
import { iiifRoutes } from '../iiif/iiif-routes.ts'
import { itemIiifRoutes } from '../iiif/item-iiif-routes.ts'
import { createFindById } from './find-by-id.ts'
import type { ImageLookup } from './image-lookup.ts'
import { imageRoutes } from './image-routes.ts'
import { originalRoute } from './original-route.ts'
import { createSendImage, type SendOptions } from './send-image.ts'
import { createSourceLookup } from './source-lookup.ts'

export interface DeliveryOptions extends SendOptions {
  lookup: ImageLookup
  /** Whether AVIF is sent. */
  avif: boolean
  /** Tells who may see items in the trash. */
  hasPermission: HasPermission
  delivery: 'public' | 'private' | 'off'
  api: boolean
  /** Whether the IIIF Image API is served. It needs the public URL. */
  iiif: boolean
  /** Without the `/` at its end. */
  publicUrl: string | undefined
  basePath: BasePath
}

/** The routes that send image bytes: derived images, and originals for callers who may view media. */
export const deliveryRoutes: FastifyPluginAsync<DeliveryOptions> = async (app, options) => {
  const { database, delivery, api, hasPermission, publicUrl } = options
  const sender = createSendImage(options)
  const sources = createSourceLookup(database)
  const findById = createFindById(database, sources, hasPermission)
  const iiif = createIiif({ ...options, send: sender.send })
  if (delivery !== 'off') {
    const isPublic = delivery === 'public'
    await app.register(imageRoutes, { ...options, sender, sources, findById, isPublic })
    if (options.iiif && publicUrl !== undefined) {
      await app.register(iiifRoutes, { iiif, sources, isPublic, publicUrl })
    }
  }
  if (api) {
    await app.register(originalRoute, options)
    await app.register(itemIiifRoutes, { ...options, iiif, findById })
  }
}
