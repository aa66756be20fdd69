import { createRequire } from 'node:module'
import type { Settings, Values } from '../../base/settings.ts'
import type { ExternalSettings } from '../external/external-settings.ts'

const MAX_NAME = 64
/** Length of a domain without the root's dot (RFC 1035, section 2.3.4). */
const MAX_DOMAIN = 253

export const cookieSettings = {
  cookieName: {
    variable: 'VITRINE_COOKIE_NAME',
    fallback: 'refreshToken',
    parse: parseName,
    help: 'Name of the cookie that tells who is signed in.',
  },
  cookieDomain: {
    variable: 'VITRINE_COOKIE_DOMAIN',
    fallback: undefined,
    parse: parseDomain,
    help: 'Domain whose sub-domains get the cookie too; without one, only the host that set it does.',
  },
} satisfies Settings

export type CookieSettings = Values<typeof cookieSettings>

/**
 * Checks the settings in combination.
 * @param values only those that are valid by themselves
 * @returns one line for each fault
 */
export function checkCookie({
  cookieName,
  cookieDomain,
  auth,
}: Partial<CookieSettings & Pick<ExternalSettings, 'auth'>>): string[] {
  if (cookieDomain === undefined) return []
  const { variable } = cookieSettings.cookieDomain
  const faults = []
  if (cookieName !== undefined && isForHostAlone(cookieName)) {
    faults.push(
      `${variable} must not be set, because browsers refuse ${cookieName} with a domain: __Host- means one host`,
    )
  }
  if (auth === 'external') {
    faults.push(
      `${variable} must not be set, because VITRINE_AUTH is external: the other service sets the cookie`,
    )
  }
  return faults
}

/**
 * Whether the name binds a cookie to one host, as `__Host-Http-` does too. Browsers ignore letter case:
 * https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-cookie-name-prefixes
 */
export const isForHostAlone = (name: string) => /^__host-/i.test(name)

/** Accepts a token as in RFC 9110, section 5.6.2, because RFC 6265 requires one as a name. */
function parseName(name: string): string {
  const isToken = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && name.length <= MAX_NAME
  // Browsers obey these prefixes in any letter case. Only the usual spelling is accepted, so that people notice them.
  const isPlain = !name.startsWith('__') || /^__(Host-|Secure-|Http-|Host-Http-)./.test(name)
  if (!isToken || !isPlain) {
    throw new Error(
      `up to ${MAX_NAME} letters, digits or any of !#$%&'*+-.^_\`|~, and begin with __ only as __Host-, __Secure- or __Http-`,
    )
  }
  return name
}

function parseDomain(domain: string): string | undefined {
  const labels = domain.split('.')
  const isDomain =
    domain.length <= MAX_DOMAIN &&
    labels.every((label) => /^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i.test(label)) &&
    // A host whose last label is a number is an IP address (WHATWG URL, "ends in a number").
    !/^\d+$|^0x[\da-f]*$/i.test(labels.at(-1) ?? '')
  if (!isDomain) {
    throw new Error('a domain like example.com, in ASCII, without a dot at either end')
  }
  // Loaded only here: it contains the whole list of public suffixes, and few installations have this setting.
  const { parse } = createRequire(import.meta.url)('tldts') as typeof import('tldts')
  const { domain: own, publicSuffix } = parse(domain, { allowPrivateDomains: true })
  if (own === null) {
    throw new Error(
      `a domain of one owner: ${publicSuffix ?? domain} is a public suffix, under which anybody can have a host`,
    )
  }
  return domain.toLowerCase()
}
