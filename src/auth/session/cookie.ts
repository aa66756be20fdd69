import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BasePath } from '../../http/base-path.ts'
import { type CookieSettings, isForHostAlone } from './cookie-settings.ts'

/** More values than sub-domains, paths and an earlier setting leave in a browser. Each costs a lookup. */
const MOST_LOOKED_AT = 8

/** The cookie that identifies the user of a request. */
export interface SessionCookie {
  readonly name: string
  /**
   * Its values in the order of the header, without duplicates. There may be several: browsers send all cookies of
   * this name that were set for this host or a parent domain, and for this path or a parent path.
   * @param isPossible whether a value has the right form; only the first eight values of that form count
   */
  values(headers: IncomingHttpHeaders, isPossible: (value: string) => boolean): string[]
  /** @param maxAge in seconds */
  set(request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void
  clear(request: FastifyRequest, reply: FastifyReply): void
}

export function createSessionCookie({
  cookieName,
  cookieDomain,
  basePath = '',
}: CookieSettings & { basePath?: BasePath }): SessionCookie {
  /** A browser replaces or clears a cookie only if these attributes are the same as before. */
  const attributes = (request: FastifyRequest) =>
    ({
      // Browsers accept a `__Host-` cookie only for the path `/`.
      path: isForHostAlone(cookieName) ? '/' : `${basePath}/`,
      ...(cookieDomain !== undefined && { domain: cookieDomain }),
      httpOnly: true,
      sameSite: 'strict',
      // Browsers accept a name with a prefix, such as `__Secure-`, only on a Secure cookie.
      secure: request.protocol === 'https' || cookieName.startsWith('__'),
    }) as const

  return {
    name: cookieName,

    values({ cookie = '' }, isPossible) {
      const values = new Set<string>()
      for (const pair of cookie.split(';')) {
        const at = pair.indexOf('=')
        if (at === -1 || pair.slice(0, at).trim() !== cookieName) continue
        const value = pair.slice(at + 1).trim()
        const unquoted = value.replace(/^"(.*)"$/, '$1')
        if (isPossible(unquoted)) values.add(unquoted)
        if (values.size === MOST_LOOKED_AT) break
      }
      return [...values]
    },

    set(request, reply, value, maxAge) {
      reply.setCookie(cookieName, value, { ...attributes(request), maxAge })
    },

    clear(request, reply) {
      reply.clearCookie(cookieName, attributes(request))
    },
  }
}
