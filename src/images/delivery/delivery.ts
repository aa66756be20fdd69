import type { FastifyPluginAsync } from 'fastify'
import { type ImageOptions, imageRoutes } from './image-routes.ts'
import { originalRoute } from './original-route.ts'

export interface DeliveryOptions extends Omit<ImageOptions, 'isPublic'> {
  delivery: 'public' | 'private' | 'off'
  api: boolean
}

/** The routes that send image bytes: derived images, and originals for callers who may view media. */
export const deliveryRoutes: FastifyPluginAsync<DeliveryOptions> = async (app, options) => {
  const { delivery, api } = options
  if (delivery !== 'off') {
    await app.register(imageRoutes, { ...options, isPublic: delivery === 'public' })
  }
  if (api) await app.register(originalRoute, options)
}
