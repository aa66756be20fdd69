import type { FastifyRequest } from 'fastify'

/** A year. Not for sub-domains: they may be somebody else's. */
const HTTPS_ONLY = 'max-age=31536000'

/** On every answer; a route that needs a looser policy sets its own. */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // No other site shows what is here, and no window of another site has a handle on it.
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy':
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
}

/** Those of them that say what may be done with an answer. */
export const POLICIES: ReadonlySet<string> = new Set([
  'content-security-policy',
  'cross-origin-resource-policy',
])

/**
 * Besides, over HTTPS, that browsers come by HTTPS alone from now on. A proxy has to be trusted to say
 * that they did: one who is not could lock people out of a host that has no HTTPS.
 */
export const securityHeaders = ({
  protocol,
}: Pick<FastifyRequest, 'protocol'>): Record<string, string> =>
  protocol === 'https'
    ? { ...SECURITY_HEADERS, 'strict-transport-security': HTTPS_ONLY }
    : SECURITY_HEADERS
