import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Whether another site's page sent this request, so that the cookie on it says nothing about what
 * the user wants (cross-site request forgery). Ask it only of requests that ride on the cookie.
 *
 * `Sec-Fetch-Site` decides where the browser sends it (https://www.w3.org/TR/fetch-metadata/), else
 * `Origin` against the host; a client that sends neither is no browser, or asks for nothing that a
 * page could have made it ask.
 *
 * @param allowedOrigins other origins whose pages may call with the cookie
 */
export function isForeign(request: FastifyRequest, allowedOrigins: ReadonlySet<string>): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return false
  const { origin, 'sec-fetch-site': site } = request.headers
  const isAllowed = origin !== undefined && allowedOrigins.has(origin)
  if (site !== undefined) {
    // A configured origin on another site does not pass: its browsers leave the cookie out anyway.
    return !(site === 'same-origin' || site === 'none' || (site === 'same-site' && isAllowed))
  }
  return origin !== undefined && !isAllowed && !isOwnOrigin(origin, request.host)
}

/** @param host as the client sees it, behind trusted proxies too */
function isOwnOrigin(origin: string, host: string): boolean {
  const theirs = URL.parse(origin)
  // Under the same scheme, so that `example.com:443` is `example.com` where it should be.
  const ours = theirs && URL.parse(`${theirs.protocol}//${host}`)
  return theirs !== null && theirs.host === ours?.host
}

/**
 * Lets pages of the allowed origins read answers (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
 * Called first of all, so that the headers are on refusals too.
 *
 * @returns whether this was a preflight and has been answered
 */
export function answerCors(
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
    'access-control-expose-headers': 'X-Total-Count, ETag, Retry-After',
  })
  const isPreflight =
    request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
  if (!isPreflight) return false
  reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, HEAD, POST, DELETE, OPTIONS',
      'access-control-allow-headers': 'content-type, authorization, if-none-match, range',
      'access-control-max-age': '600',
    })
    .send()
  return true
}
