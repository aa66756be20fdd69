import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { auditRoutes } from '../audit/routes.ts'
import type { Database } from '../database/database.ts'
import type { Recorders } from '../database/recorder.ts'
import type { BasePath } from '../http/base-path.ts'
import { readExternal } from './external/external.ts'
import { externalRoutes } from './external/external-routes.ts'
import type { ExternalSettings } from './external/external-settings.ts'
import type { Identify } from './identify.ts'
import { authRoutes } from './routes.ts'
import { createSessionCookie } from './session/cookie.ts'
import type { CookieSettings } from './session/cookie-settings.ts'
import { identifyBySession } from './session/identify-by-session.ts'
import { signInRoute } from './sign-in/sign-in-route.ts'

export interface Auth {
  identify: Identify
  /** The routes of an instance that serves the API. */
  routes(app: FastifyInstance): Promise<void>
}

/** Whose accounts count: our own, or those of the service that the settings name. */
export async function openAuth(
  settings: ExternalSettings & CookieSettings & { basePath: BasePath },
  database: Database,
  recorders: Recorders,
  log: FastifyBaseLogger,
): Promise<Auth> {
  const external = readExternal(settings)
  const cookie = createSessionCookie(settings)
  return {
    identify: external
      ? (await import('./external/identify-by-token.ts')).identifyByToken(external, log, cookie)
      : await identifyBySession(database, recorders.uses, cookie),
    async routes(app) {
      const url = external?.signInUrl ?? null
      await app.register(signInRoute({ external: external !== undefined, url }))
      await app.register(external ? externalRoutes : authRoutes({ database, cookie, recorders }))
      await app.register(auditRoutes, { database })
    },
  }
}
