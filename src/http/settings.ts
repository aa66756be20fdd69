import { isIP } from 'node:net'
import { boolean, integer, list, oneOf, type Settings, type Values } from '../base/settings.ts'
import { requireUnguessable } from '../base/unguessable.ts'
import type { BasePath } from './base-path.ts'
import { withoutBrackets } from './loopback.ts'
import { parsePublicUrl } from './public-url.ts'

const MEBIBYTE = 1024 * 1024

export const httpSettings = {
  host: {
    variable: 'VITRINE_HOST',
    fallback: '127.0.0.1',
    parse: parseListeningHost,
    help: 'Address to listen on; 0.0.0.0 or :: for all addresses of the machine.',
  },
  port: {
    variable: 'VITRINE_PORT',
    fallback: 4545,
    parse: integer(0, 65_535),
    help: 'Port to listen on; 0 picks a free one.',
  },
  workers: {
    variable: 'VITRINE_WORKERS',
    fallback: 1,
    parse: integer(1, 256),
    help: 'Processes that answer requests, all on one port; useful up to the number of processor cores.',
  },
  trustedProxies: {
    variable: 'VITRINE_TRUSTED_PROXIES',
    fallback: [],
    parse: list(parseNetwork),
    help: 'Addresses and networks of proxies whose X-Forwarded-* headers are trusted, comma-separated.',
  },
  hosts: {
    variable: 'VITRINE_HOSTS',
    fallback: [],
    parse: list(parseName),
    help: 'Host names to answer on a loopback address, besides localhost; comma-separated.',
  },
  basePath: {
    variable: 'VITRINE_BASE_PATH',
    fallback: '',
    parse: parseBasePath,
    help: 'Path under which a proxy shows the server: /media-app/.',
  },
  publicUrl: {
    variable: 'VITRINE_PUBLIC_URL',
    fallback: undefined,
    parse: parsePublicUrl,
    help: 'URL under which clients reach the server, with the base path: https://media.example.com/media-app/.',
  },
  logLevel: {
    variable: 'VITRINE_LOG_LEVEL',
    fallback: 'info',
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    help: 'How much is logged to standard error.',
  },
  metricsToken: {
    variable: 'VITRINE_METRICS_TOKEN',
    fallback: undefined,
    parse: parseToken,
    help: 'Switches GET /metrics on. Requests must send this value as a bearer token.',
    secret: true,
  },
  leastBodyRate: {
    variable: 'VITRINE_LEAST_BODY_RATE',
    fallback: 1024,
    parse: integer(0, MEBIBYTE),
    help: 'Bytes of a body that a client must send each second, on average over a minute; 0 for no limit.',
  },
  maxImageBytes: {
    variable: 'VITRINE_MAX_IMAGE_BYTES',
    fallback: 64 * MEBIBYTE,
    parse: integer(1, 4096 * MEBIBYTE),
    help: 'Size of the largest accepted image, in bytes.',
  },
  fetchUrls: {
    variable: 'VITRINE_FETCH_URLS',
    fallback: true,
    parse: boolean,
    help: 'Add images from URLs, which this server fetches.',
  },
  fetchAllow: {
    variable: 'VITRINE_FETCH_ALLOW',
    fallback: [],
    parse: list(parseFetchedHost),
    help: 'Private hosts from which images may be fetched, such as nas.lan or 10.0.0.5; comma-separated.',
  },
} satisfies Settings

export type HttpSettings = Values<typeof httpSettings>

/**
 * Whether a text has the form of a host name. If the name does not exist, the system reports it at the start.
 */
const isName = (text: string) => /^[a-z\d_](?:[a-z\d_.-]*[a-z\d_])?$/i.test(text)

/** Digits and dots only: meant as an address, and not a name. */
const isNumber = (text: string) => /^[\d.]+$/.test(text)

/** With brackets, as in a URL, or without. */
function parseListeningHost(text: string): string {
  const host = withoutBrackets(text)
  const isRight =
    host === text ? isIP(host) !== 0 || (isName(host) && !isNumber(host)) : isIP(host) === 6
  if (!isRight) {
    throw new Error(
      'an address or a name of this machine, such as 127.0.0.1, ::1 or localhost, without a port',
    )
  }
  return host
}

/** Without the `/` at its end. Only characters that have one spelling in a URL are allowed. */
function parseBasePath(text: string): BasePath {
  const path = text.replace(/\/$/, '')
  const [before, ...segments] = path.split('/')
  const isRight = segments.every((part) => /^[\w.~-]+$/.test(part) && !/^\.\.?$/.test(part))
  if (!text.startsWith('/') || before !== '' || !isRight) {
    throw new Error('/ or a path like /media-app/, of letters, digits and any of -._~')
  }
  return path as BasePath
}

/** As in the `Host` header: a name or an address; an IPv6 address in brackets. */
function parseName(text: string): string {
  const host = withoutBrackets(text)
  if (isIP(host) === 6) return `[${host.toLowerCase()}]`
  if (host !== text || !isName(host)) {
    throw new Error('host names like media.example.com without a port, comma-separated')
  }
  return host.toLowerCase()
}

/** In the spelling of `URL.hostname`. */
function parseFetchedHost(text: string): string {
  const name = parseName(text)
  return URL.parse(`http://${name}`)?.hostname ?? name
}

/** An address, or a network in CIDR notation. */
function parseNetwork(network: string): string {
  const [address = '', bits, ...rest] = network.split('/')
  const version = isIP(address)
  const isPrefix =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= lengthOf(version))
  if (version === 0 || !isPrefix || rest.length > 0) {
    throw new Error('IP addresses or networks like 10.0.0.0/8, comma-separated')
  }
  return network
}

const lengthOf = (version: number) => (version === 4 ? 32 : 128)

/** The characters of RFC 6750, section 2.1. The token is long enough that it cannot be guessed. */
function parseToken(token: string): string | undefined {
  if (!/^[\w.~+/-]{16,}=*$/.test(token)) {
    throw new Error('at least 16 letters, digits or any of -._~+/')
  }
  requireUnguessable(token)
  return token
}
