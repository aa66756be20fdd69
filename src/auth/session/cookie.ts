import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BasePath } from '../../http/base-path.ts'
import { type CookieSettings, isForHostAlone } from './cookie-settings.ts'

/** More than sub-domains, paths and an earlier setting leave in a browser; each costs a look-up. */
const MOST_LOOKED_AT = 8

/** The cookie that tells who makes a request. */
export interface SessionCookie {
  readonly name: string
  /**
   * Its values, in the order in which they came, without repetitions: browsers send all cookies of one
   * name that were set for this host or a domain above it, for this path or one above it.
   * @param isPossible whether a value could be one of ours at all; of those, the first eight count
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
  /** Only with the same ones does a browser replace or clear it. */
  const attributes = (request: FastifyRequest) =>
    ({
      // Browsers take a name that means one host only for all of it.
      path: isForHostAlone(cookieName) ? '/' : `${basePath}/`,
      ...(cookieDomain !== undefined && { domain: cookieDomain }),
      httpOnly: true,
      sameSite: 'strict',
      // Browsers take a name with a prefix only so.
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
