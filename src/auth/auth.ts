import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { auditRoutes } from '../audit/routes.ts'
import type { Database } from '../database/database.ts'
import type { Recorders } from '../database/recorder.ts'
import type { BasePath } from '../http/base-path.ts'
import { Type } from '../http/schema.ts'
import { readExternal } from './external/external.ts'
import { externalRoutes } from './external/external-routes.ts'
import type { ExternalSettings } from './external/external-settings.ts'
import type { Identify } from './identify.ts'
import { authRoutes } from './routes.ts'
import { createSessionCookie } from './session/cookie.ts'
import type { CookieSettings } from './session/cookie-settings.ts'
import { identifyBySession, openOwnSessions } from './session/identify-by-session.ts'

export interface Auth {
  identify: Identify
  /** Adds the routes. Only an instance that serves the API needs them. */
  routes(app: FastifyInstance): Promise<void>
}

/** Opens the sign-in that the settings choose: Vitrine's own accounts, or those of an external service. */
export async function openAuth(
  settings: ExternalSettings & CookieSettings & { basePath: BasePath },
  database: Database,
  recorders: Recorders,
  log: FastifyBaseLogger,
): Promise<Auth> {
  const external = readExternal(settings)
  const cookie = createSessionCookie(settings)
  const url = external?.signInUrl ?? null
  const openShared = async (app: FastifyInstance) => {
    await app.register(signInRoute({ external: external !== undefined, url }))
    await app.register(auditRoutes, { database })
  }
  if (external) {
    const { identifyByToken } = await import('./external/identify-by-token.ts')
    return {
      identify: identifyByToken(external, log, cookie),
      async routes(app) {
        await openShared(app)
        await app.register(externalRoutes)
      },
    }
  }
  const own = await openOwnSessions(database, recorders.uses)
  return {
    identify: identifyBySession(database, recorders.uses, cookie, own),
    async routes(app) {
      await openShared(app)
      await app.register(authRoutes({ database, cookie, recorders, own }))
    },
  }
}

const SignInPlace = Type.Object({
  external: Type.Boolean({
    description: 'Whether people sign in at another service, and not at `POST /auth/login`.',
  }),
  url: Type.Union([Type.String(), Type.Null()], {
    description: 'Where they sign in, if known: a URL, or a path on this host.',
  }),
})

/** Reports where users sign in, so that no client shows a sign-in form that cannot work. */
function signInRoute(place: { external: boolean; url: string | null }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/auth/sign-in',
      {
        config: { access: 'public' },
        schema: {
          summary: 'Where people sign in',
          tags: ['auth'],
          response: { 200: SignInPlace },
        },
      },
      async (_request, reply) => {
        reply.header('cache-control', 'no-cache')
        return place
      },
    )
  }
}
