import type { FastifyReply, FastifyRequest } from 'fastify'

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
export function isForeign(request: FastifyRequest, allowedOrigins: ReadonlySet<string>): boolean {
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
