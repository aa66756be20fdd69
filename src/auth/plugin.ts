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
    /** Who may call the route. A route without it cannot be registered. */
    access?: Access
    /** Only the cookie counts; the route ignores access tokens. */
    cookieOnly?: boolean
  }
  interface FastifyRequest {
    /** The user of the request; null on public routes. */
    user: SignedIn | User | null
  }
}

/**
 * Lets a request through or refuses it, by the `config.access` that its route declares. It applies to the
 * instance that it is registered on and to all instances below. Await it before any route is added.
 *
 * @param identify identifies the user of a request; called anew for every request that gets here (see `FastPath`
 *   for those that do not)
 * @param allowedOrigins other origins whose pages may call the API with the cookie, like `https://a.example`
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
      // Set before anything is refused, so that the refusal can name the user.
      request.user = user
      if (bearer === undefined && isForeign(request, origins)) {
        throw forbidden('Pages of other sites may not do this with the cookie of the user.')
      }
      requireAccess(access, user, user.permissions)
    })

    // Only for GET. A request that changes something repeats the check in each of its transactions; see `writeAs`.
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
  // Fastify's marker for a plugin that acts on its parent instance instead of a scope of its own.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

/** The token of `Authorization: Bearer`, possibly empty; undefined with another scheme or none. */
function readBearer({ headers }: FastifyRequest): string | undefined {
  const { authorization = '' } = headers
  return /^bearer(?: |$)/i.test(authorization)
    ? authorization.slice('bearer'.length).trimStart()
    : undefined
}
