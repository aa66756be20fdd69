import { Readable } from 'node:stream'
import cookie from '@fastify/cookie'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { forbidden } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Identify, User } from './identify.ts'
import { answerCors, isForeign } from './origin.ts'
import { type Access, isAccess } from './permissions.ts'
import { endWithRights, permitOf, requireAccess } from './permit.ts'
import type { SignedIn } from './session/session-lookup.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; a route without it is not registered. */
    access?: Access
    /** Only the cookie counts, and an access token is not looked at. */
    cookieOnly?: boolean
  }
  interface FastifyRequest {
    /** Who makes the request; null where access is public. */
    user: SignedIn | User | null
  }
}

/**
 * Lets each request through or not, by what its route declares as `config.access`. It works on the
 * instance it is registered on and all below; await it before any route is added.
 *
 * @param identify who makes a request; asked at each one that gets here (see `AtOnce` for those that
 *   do not), whoever they were at the one before
 * @param allowedOrigins other origins whose pages may call with the cookie, like `https://a.example`
 */
export function authPlugin({
  identify,
  allowedOrigins,
  database,
}: {
  identify: Identify
  allowedOrigins: readonly string[]
  database: Pick<Database, 'read' | 'now'>
}): FastifyPluginAsync {
  const plugin: FastifyPluginAsync = async (app) => {
    const origins = new Set(allowedOrigins)

    app.addHook('onRoute', ({ method, url, config }) => {
      if (!isAccess(config?.access)) {
        throw new Error(`The route ${method} ${url} does not declare who may call it (access).`)
      }
    })

    app.addHook('onRequest', async (request, reply) => {
      if (answerCors(request, reply, origins)) return reply
    })
    await app.register(cookie)
    app.decorateRequest('user', null)

    app.addHook('onRequest', async (request) => {
      if (request.is404) return
      const { access, cookieOnly = false, url } = request.routeOptions.config
      if (access === undefined) throw new Error(`The route ${url} does not declare its access.`)
      if (access === 'public') return

      const bearer = cookieOnly ? undefined : readBearer(request)
      const user = await identify(request, bearer)
      // Before anything is refused, so that it is known to whom.
      request.user = user
      if (bearer === undefined && isForeign(request, origins)) {
        throw forbidden('Pages of other sites may not do this with the cookie of the user.')
      }
      requireAccess(access, user, user.permissions)
    })

    // What changes something is asked for again in each of its transactions.
    app.addHook('onSend', (request, _reply, payload, done) => {
      if (request.method === 'GET' && payload instanceof Readable) {
        const permit = permitOf(request)
        if (permit) {
          endWithRights(payload, async () => permit(database.read, await database.now()))
        }
      }
      done()
    })
  }
  // Fastify's mark for a plugin that acts on its parent instead of a scope of its own.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/** The token of `Authorization: Bearer`, possibly empty; undefined with another scheme or none. */
function readBearer({ headers }: FastifyRequest): string | undefined {
  const { authorization = '' } = headers
  return /^bearer(?: |$)/i.test(authorization)
    ? authorization.slice('bearer'.length).trimStart()
    : undefined
}
