import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import fresh from 'fresh'
import type { BasePath } from './base-path.ts'

/**
 * The page loads its own scripts, styles, typeface and pictures, and calls its own API. Only styles are inline: its
 * components set them on elements. Previews of files to upload are blobs.
 */
const pagePolicy = (imageOrigin = '') =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src 'self' data: blob: ${imageOrigin}`.trim(),
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')

/**
 * Serves the built admin page at `/`. Its state is in the query, so this is its only path. The names of its
 * scripts and styles change with their content, so browsers keep them for good.
 *
 * @param folder of the built page; without it, `/` redirects to the documentation of the API
 * @param options.imageOrigin another origin that pictures may come from: `https://bucket.example.com`
 */
export function pageRoutes(
  folder: string,
  { basePath = '', imageOrigin }: { basePath?: BasePath; imageOrigin?: string | undefined } = {},
): FastifyPluginAsync {
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
      // Only existing files have routes: every other path stays "Not found" in JSON.
      wildcard: false,
      preCompressed: true,
      immutable: true,
      maxAge: '1y',
    })
    const html = nameParts(readFileSync(join(folder, 'index.html'), 'utf8'), basePath)
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy(imageOrigin),
      'cache-control': 'no-cache',
      etag: `"${createHash('sha256').update(html).digest('base64url')}"`,
    }
    app.get('/', async (request, reply) => {
      reply.headers(headers)
      return fresh(request.headers, headers) ? reply.code(304).send() : reply.send(html)
    })
    app.get('/favicon.svg', async (_request, reply) =>
      reply.sendFile('favicon.svg', folder, { maxAge: '1d', immutable: false }),
    )
  }
}

/** Makes the relative paths of the built page (`./assets/…`) absolute: they work for every URL of the page. */
const nameParts = (html: string, basePath: BasePath): string =>
  html.replaceAll('="./', `="${basePath}/`)
