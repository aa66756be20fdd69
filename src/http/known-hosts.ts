import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { AppError, quote } from '../base/errors.ts'
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts'
import type { HttpSettings } from './settings.ts'
import type { Trusts } from './trusted-proxies.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered under every host name: the answer holds nothing that only some people may see. */
    anyHost?: boolean
  }
}

/** Headers that show that a proxy forwards the request. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'] as const

/**
 * Checks the host name in the `Host` header of requests.
 *
 * A server on a loopback address is meant for this machine only. But a web page can make its own name lead to
 * 127.0.0.1 ("DNS rebinding"); its scripts then have the same origin as the server. They cannot hide the
 * name. So every name except this machine's own must be configured, or be forwarded by a trusted proxy.
 */
export interface KnownHosts {
  isKnown(request: IncomingMessage): boolean
  /** Returns the refusal if the name is not known. The first refusal is also logged. */
  refuse(request: IncomingMessage): AppError | undefined
  /** Notes the address that a server listens on. Names are checked on loopback addresses only. */
  watch(app: FastifyInstance): void
}

export function createKnownHosts(
  { hosts }: Pick<HttpSettings, 'hosts'>,
  trusts: Trusts,
  log: FastifyBaseLogger,
): KnownHosts {
  const names = new Set<string>(hosts)
  let isLocal = false
  let isLogged = false
  // Nearly all requests have the same host.
  let last: string | undefined

  function isKnown({ headers, socket }: IncomingMessage): boolean {
    const { host } = headers
    // A client without this header is not a browser.
    if (!isLocal || host === undefined || host === last) return true
    const name = nameOf(host)
    if (isLoopbackHost(name) || names.has(name)) {
      last = host
      return true
    }
    return FORWARDED.some((header) => headers[header] !== undefined) && trusts(socket)
  }

  return {
    isKnown,
    refuse(request) {
      if (isKnown(request)) return undefined
      const error = misdirected(request.headers.host)
      if (!isLogged) log.warn(error.detail)
      isLogged = true
      return error
    },
    watch({ server }) {
      server.once('listening', () => {
        const address = server.address()
        isLocal =
          address !== null && typeof address === 'object' && isLoopbackAddress(address.address)
      })
    },
  }
}

/** The name in a `Host` header, without the port and a dot at its end. An IPv6 address keeps its brackets. */
function nameOf(host: string): string {
  const colon = host.lastIndexOf(':')
  const hasPort = colon !== -1 && /^\d*$/.test(host.slice(colon + 1))
  const name = hasPort ? host.slice(0, colon) : host
  return name.replace(/\.$/, '').toLowerCase()
}

/** RFC 9110, section 15.5.20 */
const misdirected = (host: string | undefined) =>
  new AppError('misdirected', 421, 'Misdirected request', {
    detail:
      `The host ${quote(host)} is not known: on a loopback address this server answers requests for localhost ` +
      'and the names in VITRINE_HOSTS, and requests that proxies in VITRINE_TRUSTED_PROXIES forward.',
  })
