import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/**
 * The page loads its own scripts, styles and pictures, and calls its own API; nothing is inline but
 * styles, which its components set on elements. Previews of files to upload are blobs.
 */
const pagePolicy = (imageOrigin = '') =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob: ${imageOrigin}`.trim(),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/**
 * Serves the built admin page at `/`. Its state lives in the query, so there is this one path; its
 * scripts and styles have names that change with their content and are kept for good.
 *
 * @param folder of the built page; where there is none, `/` leads to the documentation of the API
 * @param imageOrigin where else pictures come from: `https://bucket.example.com`
 */
export function pageRoutes(folder: string, imageOrigin?: string): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
      route.schema = { ...route.schema, hide: true }
    })
    if (!existsSync(join(folder, 'index.html'))) {
      app.get('/', async (_request, reply) => reply.redirect('/docs'))
      return
    }
    await app.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: '/assets/',
      // Exactly the files that are there: everything else stays "Not found" in JSON.
      wildcard: false,
      preCompressed: true,
      immutable: true,
      maxAge: '1y',
    })
    app.get('/', async (_request, reply) =>
      reply
        .headers({
          'content-security-policy': pagePolicy(imageOrigin),
          'cache-control': 'no-cache',
        })
        .sendFile('index.html', folder, { cacheControl: false, immutable: false }),
    )
    app.get('/favicon.svg', async (_request, reply) =>
      reply.sendFile('favicon.svg', folder, { maxAge: '1d', immutable: false }),
    )
  }
}
