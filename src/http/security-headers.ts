import type { FastifyRequest } from 'fastify'

/** One year. Sub-domains are excluded: they may belong to others. */
const HTTPS_ONLY = 'max-age=31536000'

/** On every answer. A route that needs a looser policy sets its own. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // No other site may embed our answers, and no window of another site has a handle on ours.
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy':
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
}

/** The policies among these headers. A route may replace them. */
export const POLICIES: ReadonlySet<string> = new Set([
  'content-security-policy',
  'cross-origin-resource-policy',
])

/**
 * Over HTTPS, also tells browsers to use HTTPS only from now on. Only a trusted proxy may say that a request
 * arrived over HTTPS: any other client could lock people out of a host that has no HTTPS.
 */
export const securityHeaders = ({
  protocol,
}: Pick<FastifyRequest, 'protocol'>): Record<string, string> =>
  protocol === 'https'
    ? { ...SECURITY_HEADERS, 'strict-transport-security': HTTPS_ONLY }
    : SECURITY_HEADERS
