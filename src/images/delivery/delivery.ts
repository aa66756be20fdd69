import type { FastifyPluginAsync } from 'fastify'
import type { CacheUse } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import type { Storage } from '../../storage/storage.ts'
import { originalRoute } from './original-route.ts'
import type { VariantRenders } from './renders.ts'
import { variantRoutes } from './variant-routes.ts'

export interface DeliveryOptions {
  database: Database
  storage: Storage
  renders: VariantRenders
  delivery: 'public' | 'private' | 'off'
  /** Of images that were sent lately, to keep in memory. */
  deliveryCacheBytes: number
  deliveryUse: CacheUse
  api: boolean
}

/** The routes that send image bytes: public variants, and originals for those who may see them. */
export const deliveryRoutes: FastifyPluginAsync<DeliveryOptions> = async (app, options) => {
  const { delivery, api } = options
  if (delivery !== 'off') {
    await app.register(variantRoutes, { ...options, isPublic: delivery === 'public' })
  }
  if (api) await app.register(originalRoute, options)
}
