import type { RequestListener } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError, quote } from '../base/errors.ts'

/**
 * The path under which a proxy shows the server, such as `/media-app`; without one, an empty text.
 *
 * A proxy may take it off or leave it on: requests with it and without it are the same. What is sent
 * always has it, because browsers are on the other side of the proxy.
 */
export type BasePath = '' | `/${string}`

declare module 'fastify' {
  interface FastifyInstance {
    basePath: BasePath
  }
}

/** Takes the path off the addresses of requests. */
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
 * Puts the path in front of every `Location`, and leads from it to what is under it: a page there
 * names its parts as a folder does.
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

/** A base path must not begin like one of our own paths: the two could not be told apart. */
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
