import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError, quote } from '../base/errors.ts'

/**
 * The path under which a proxy shows the server, such as `/media-app`; empty without such a path.
 *
 * A proxy may remove the path or leave it: requests with it and without it are the same. Everything that is
 * sent contains it, because browsers are on the other side of the proxy.
 */
export type BasePath = '' | `/${string}`

declare module 'fastify' {
  interface FastifyInstance {
    basePath: BasePath
  }
}

/** Removes the path from the URLs of requests. */
export function stripBasePath(basePath: BasePath, next: RequestListener): RequestListener {
  if (basePath === '') return next
  const folder = `${basePath}/`
  return (request, response) => {
    const { url = '' } = request
    if (url.startsWith(folder)) request.url = url.slice(basePath.length)
    next(request, response)
  }
}

/**
 * Puts the path in front of every `Location`. Redirects the path itself to the same path with a slash,
 * because a page names its parts relative to a folder.
 */
export function redirectUnder(app: FastifyInstance, basePath: BasePath): void {
  app.decorate('basePath', basePath)
  if (basePath === '') return
  app.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location')
    if (typeof location === 'string' && /^\/(?!\/)/.test(location)) {
      reply.header('location', basePath + location)
    }
    done(null, payload)
  })
  app.route({
    method: 'GET',
    url: basePath,
    config: { access: 'public' },
    schema: { hide: true },
    handler: async ({ url }, reply) => {
      const query = url.indexOf('?')
      return reply.redirect(`/${query === -1 ? '' : url.slice(query)}`, 308)
    },
  })
  refuseOwn(app, basePath)
}

/** Refuses a base path that begins like one of our own paths: the two could not be distinguished. */
function refuseOwn(app: FastifyInstance, basePath: BasePath): void {
  app.addHook('onRoute', ({ url }) => {
    if (firstOf(url) !== firstOf(basePath)) return
    throw new AppError('base-path-taken', 500, 'Wrong configuration', {
      detail:
        `VITRINE_BASE_PATH is ${quote(`${basePath}/`)}; must not begin with /${firstOf(basePath)}, ` +
        'which is a path of Vitrine itself',
    })
  })
}

const firstOf = (path: string): string => path.split('/')[1] ?? ''
