import type { FastifyInstance } from 'fastify'

/** Pages of every site may read a public image: its pixels, and the status of an error. */
export const ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'ETag, Content-Range, Retry-After, X-Request-Id',
}

/**
 * Adds the CORS headers to every answer of the routes of an instance, and answers preflights. Never with credentials.
 * @param urls of the routes
 */
export function allowAnyOrigin(app: FastifyInstance, urls: readonly string[]): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.removeHeader('access-control-allow-credentials').headers(ANY_ORIGIN)
  })
  for (const url of urls) {
    app.route({
      method: 'OPTIONS',
      url,
      config: { access: 'public', anyHost: true },
      schema: { hide: true },
      handler: (_request, reply) =>
        reply
          .code(204)
          .headers({
            'access-control-allow-methods': 'GET, HEAD, OPTIONS',
            'access-control-allow-headers': 'range, if-none-match, if-match, if-range',
            'access-control-max-age': '86400',
          })
          .send(),
    })
  }
}
