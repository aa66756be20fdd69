import type { FastifyPluginAsync } from 'fastify'
import { originalRoute } from './original-route.ts'
import { type VariantOptions, variantRoutes } from './variant-routes.ts'

export interface DeliveryOptions extends Omit<VariantOptions, 'isPublic'> {
  delivery: 'public' | 'private' | 'off'
  api: boolean
}

/** The routes that send image bytes: variants, and originals for callers who may view media. */
export const deliveryRoutes: FastifyPluginAsync<DeliveryOptions> = async (app, options) => {
  const { delivery, api } = options
  if (delivery !== 'off') {
    await app.register(variantRoutes, { ...options, isPublic: delivery === 'public' })
  }
  if (api) await app.register(originalRoute, options)
}
