import { Readable } from 'node:stream'
import cookie from '@fastify/cookie'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Permit } from '../audit/record.ts'
import { AppError, forbidden } from '../base/errors.ts'
import type { Database } from '../database/database.ts'
import type { Identify, User } from './identify.ts'
import { type Access, isAccess, type Permission, permissionsOf } from './permissions.ts'
import type { SignedIn } from './session/session-lookup.ts'

/** Interval at which the permission of the client is checked during a long response. */
const CHECK_EVERY_MS = 1000

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

/** @throws AppError 403 "Forbidden" if `allowed` does not include every permission that `access` requires */
function requireAccess(
  access: Access | undefined,
  { username, tokenId }: Pick<User, 'username' | 'tokenId'>,
  allowed: readonly Permission[],
): void {
  const missing = permissionsOf(access).find((permission) => !allowed.includes(permission))
  if (missing === undefined) return
  throw forbidden(
    tokenId === undefined
      ? `The user "${username}" needs the permission ${missing}.`
      : `The token of "${username}" needs the permission ${missing}, and so does the user.`,
  )
}

/**
 * Returns a check that the user of the request is still signed in and still has the permission that the route
 * requires. Undefined where there is nothing to check, as on public routes.
 */
export function permitOf({ user, routeOptions }: FastifyRequest): Permit | undefined {
  const again = user?.again
  if (user === null || again === undefined) return undefined
  const { access } = routeOptions.config
  return async (db, now) => requireAccess(access, user, await again(db, now))
}

/** Aborts a response body, however late, once the client has lost its session or permission. */
function endWithRights(body: Readable, check: () => Promise<void>): void {
  let checking = false
  const timer = setInterval(() => {
    if (checking) return
    checking = true
    check()
      .catch((error: unknown) => {
        // If the check itself fails, the permission was not withdrawn.
        const isRefused = error instanceof AppError && [401, 403].includes(error.status)
        if (isRefused) body.destroy(error)
      })
      .finally(() => {
        checking = false
      })
  }, CHECK_EVERY_MS).unref()
  body.once('close', () => clearInterval(timer))
}

/** Whether the caller has a permission. On a public route, the caller may be signed in or not. */
export type HasPermission = (request: FastifyRequest, permission: Permission) => Promise<boolean>

/** @param identify as for `authPlugin` */
export const createHasPermission =
  (identify: Identify): HasPermission =>
  async (request, permission) => {
    try {
      const user = request.user ?? (await identify(request, readBearer(request)))
      return user.permissions.includes(permission)
    } catch (error) {
      if (error instanceof AppError && error.status === 401) return false
      throw error
    }
  }

/** The token of `Authorization: Bearer`, possibly empty; undefined with another scheme or none. */
function readBearer({ headers }: FastifyRequest): string | undefined {
  const { authorization = '' } = headers
  return /^bearer(?: |$)/i.test(authorization)
    ? authorization.slice('bearer'.length).trimStart()
    : undefined
}

/**
 * Whether a page of another site sent this request. Its cookie then does not prove that the user wants the
 * request (cross-site request forgery). Use it only for requests that the cookie authenticates.
 *
 * If the browser sends `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/), that header decides. Otherwise
 * `Origin` is compared with the host. A client that sends neither header is not a browser, or its request is one
 * that no page can trigger.
 *
 * @param allowedOrigins other origins whose pages may call the API with the cookie
 */
function isForeign(request: FastifyRequest, allowedOrigins: ReadonlySet<string>): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return false
  const { origin, 'sec-fetch-site': site } = request.headers
  const isAllowed = origin !== undefined && allowedOrigins.has(origin)
  if (site !== undefined) {
    // An allowed origin on another site does not pass: browsers do not send the cookie from there anyway.
    return !(site === 'same-origin' || site === 'none' || (site === 'same-site' && isAllowed))
  }
  return origin !== undefined && !isAllowed && !isOwnOrigin(origin, request.host)
}

/** @param host the host that the client requested; trusted proxies report it */
function isOwnOrigin(origin: string, host: string): boolean {
  const theirs = URL.parse(origin)
  // Parsed with the scheme of the origin, so that `example.com:443` equals `example.com` on HTTPS.
  const ours = theirs && URL.parse(`${theirs.protocol}//${host}`)
  return theirs !== null && theirs.host === ours?.host
}

/**
 * Lets pages of the allowed origins read responses (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 * It runs before all other checks, so that refusals have the headers too.
 *
 * @returns true if this was a preflight request, which is then answered
 */
function answerCors(
  request: FastifyRequest,
  reply: FastifyReply,
  allowedOrigins: ReadonlySet<string>,
): boolean {
  if (allowedOrigins.size === 0) return false
  reply.header('vary', 'Origin')
  const { origin } = request.headers
  if (origin === undefined || !allowedOrigins.has(origin)) return false
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers':
      'X-Total-Count, ETag, Retry-After, X-Media-Id, X-Media-Duplicates, Location, Tus-Resumable, Tus-Version, ' +
      'Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, ' +
      'Upload-Metadata, Upload-Expires',
  })
  const isPreflight =
    request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isPreflight) return false
  reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers':
        'content-type, authorization, if-match, if-none-match, range, tus-resumable, upload-length, ' +
        'upload-offset, upload-metadata, upload-checksum, x-http-method-override',
      'access-control-max-age': '600',
    })
    .send()
  return true
}
