import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { AppError, quote } from '../base/errors.ts'
import { isLoopbackAddress, isLoopbackHost } from './loopback.ts'
import type { HttpSettings } from './settings.ts'
import type { Trusts } from './trusted-proxies.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered whatever name it is asked for by: nothing in it is for some people alone. */
    anyHost?: boolean
  }
}

/** By any of these a proxy tells that it passes a request on. */
const FORWARDED = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'] as const

/**
 * Whether a request may have come by the name that its `Host` says.
 *
 * What listens on a loopback address is for this machine. Yet a web page can have its own name lead
 * to 127.0.0.1 ("DNS rebinding"), and its scripts then are of the same origin. They cannot hide the
 * name. So other names than this machine's own have to be configured, or told by a trusted proxy.
 */
export interface KnownHosts {
  isKnown(request: IncomingMessage): boolean
  /** The refusal if the name is not known. The log says it too, once. */
  refuse(request: IncomingMessage): AppError | undefined
  /** Learns the address that a server listens on. Names are checked on loopback addresses only. */
  watch(app: FastifyInstance): void
}

export function createKnownHosts(
  { hosts }: Pick<HttpSettings, 'hosts'>,
  trusts: Trusts,
  log: FastifyBaseLogger,
): KnownHosts {
  const names = new Set<string>(hosts)
  let isLocal = false
  let isTold = false
  // Nearly all requests say the same.
  let last: string | undefined

  function isKnown({ headers, socket }: IncomingMessage): boolean {
    const { host } = headers
    // A client without this header is no browser.
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
      if (!isTold) log.warn(error.detail)
      isTold = true
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

/** Of a `Host` header, without the port and the dot that may end a name; an IPv6 address in brackets. */
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
      `The host ${quote(host)} is not known: this server listens on a loopback address, and answers there to ` +
      'localhost, to names of VITRINE_HOSTS, and to what proxies of VITRINE_TRUSTED_PROXIES pass on.',
  })
