import { list, oneOf, type Settings, text, type Values } from '../../base/settings.ts'
import { requireUnguessable } from '../../base/unguessable.ts'
import { isLoopbackHost } from '../../http/loopback.ts'
import { isPermission, type Permission, permissions } from '../permissions.ts'

const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]
/** Each with the shortest accepted secret, in bytes (RFC 7518, section 3.2). */
const SYMMETRIC: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 }
const MIN_SECRET_BYTES = 32

/** Settings for tokens of an external service, which replace Vitrine's own sign-in. */
export const externalSettings = {
  auth: {
    variable: 'VITRINE_AUTH',
    fallback: 'own',
    parse: oneOf('own', 'external'),
    help: 'Which accounts count: own ones, or those of a service that issues the cookie as a JWT.',
  },
  authJwksUrl: {
    variable: 'VITRINE_AUTH_JWKS_URL',
    fallback: undefined,
    parse: parseKeysUrl,
    help: 'Address of the public keys (JWKS) that tokens are checked with.',
  },
  authSecret: {
    variable: 'VITRINE_AUTH_SECRET',
    fallback: undefined,
    parse: parseSecret,
    help: 'The secret that tokens are checked with, in place of public keys.',
    secret: true,
  },
  authIssuer: {
    variable: 'VITRINE_AUTH_ISSUER',
    fallback: undefined,
    parse: optionalText,
    help: 'Required issuer of a token: its claim "iss".',
  },
  authAudience: {
    variable: 'VITRINE_AUTH_AUDIENCE',
    fallback: undefined,
    parse: optionalText,
    help: 'Required audience of a token: its claim "aud".',
  },
  authAlgorithms: {
    variable: 'VITRINE_AUTH_ALGORITHMS',
    fallback: undefined,
    parse: parseAlgorithms,
    help: 'Algorithms that tokens may be signed with, comma-separated.',
  },
  authUserClaim: {
    variable: 'VITRINE_AUTH_USER_CLAIM',
    fallback: 'sub',
    parse: text,
    help: 'Claim that names the user; dots lead into nested claims.',
  },
  authPermissionsClaim: {
    variable: 'VITRINE_AUTH_PERMISSIONS_CLAIM',
    fallback: 'permissions',
    parse: text,
    help: 'Claim that holds the permissions; dots lead into nested claims.',
  },
  authPermissionsMap: {
    variable: 'VITRINE_AUTH_PERMISSIONS_MAP',
    fallback: undefined,
    parse: parseMap,
    help: 'What each name in that claim allows, if Vitrine uses other names: media:read=view-media,…',
  },
  authSignInUrl: {
    variable: 'VITRINE_AUTH_SIGN_IN_URL',
    fallback: undefined,
    parse: parseSignInUrl,
    help: 'Where people sign in; the page links to it.',
  },
} satisfies Settings

export type ExternalSettings = Values<typeof externalSettings>
type Name = keyof ExternalSettings

/**
 * Checks the settings in combination.
 *
 * @param values only those that are valid by themselves
 * @param isSet whether a setting was given, valid or not
 * @returns one line for each fault, with the variable and what would be valid
 */
export function checkExternal(
  values: Partial<ExternalSettings>,
  isSet: (name: Name) => boolean,
): string[] {
  if (values.auth === 'external') return [...checkPresence(isSet), ...checkFit(values)]
  if (values.auth === undefined) return []
  return Object.entries(externalSettings)
    .filter(([name]) => name !== 'auth' && isSet(name as Name))
    .map(([, { variable }]) => `${variable} must not be set unless VITRINE_AUTH is external`)
}

function checkPresence(isSet: (name: Name) => boolean): string[] {
  const because = 'because VITRINE_AUTH is external'
  const faults = (['authIssuer', 'authAudience', 'authAlgorithms'] as const)
    .filter((name) => !isSet(name))
    .map((name) => `${externalSettings[name].variable} must be set, ${because}`)
  if (isSet('authJwksUrl') === isSet('authSecret')) {
    faults.push(
      `Either VITRINE_AUTH_JWKS_URL or VITRINE_AUTH_SECRET must be set, and not both, ${because}`,
    )
  }
  return faults
}

/**
 * Public keys and secrets are never accepted together. Otherwise an attacker could sign a token with a public key
 * as the secret (RFC 8725, section 2.1).
 */
function checkFit({
  authJwksUrl,
  authSecret,
  authAlgorithms = [],
}: Partial<ExternalSettings>): string[] {
  const variable = 'VITRINE_AUTH_ALGORITHMS'
  const misfits = (isMisfit: (algorithm: string) => boolean) =>
    authAlgorithms.filter(isMisfit).join(', ')

  const secretOnes = misfits((algorithm) => algorithm in SYMMETRIC)
  if (authJwksUrl !== undefined && secretOnes !== '') {
    return [`${variable} has ${secretOnes}, which VITRINE_AUTH_JWKS_URL has no keys for`]
  }
  if (authSecret === undefined) return []
  const faults = []
  const publicOnes = misfits((algorithm) => !(algorithm in SYMMETRIC))
  if (publicOnes !== '') {
    faults.push(`${variable} has ${publicOnes}, which VITRINE_AUTH_SECRET is no key for`)
  }
  const needed = Math.max(0, ...authAlgorithms.map((algorithm) => SYMMETRIC[algorithm] ?? 0))
  if (Buffer.byteLength(authSecret) < needed) {
    faults.push(
      `VITRINE_AUTH_SECRET must be ${needed} bytes or more for the algorithms in ${variable}`,
    )
  }
  return faults
}

function optionalText(value: string): string | undefined {
  return value
}

/** Over plain HTTP, an attacker on the network could replace the keys. */
function parseKeysUrl(value: string): string | undefined {
  const url = URL.parse(value)
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (url === null || !isSafe || url.username !== '' || url.password !== '') {
    throw new Error('a URL of https, or of http on this machine, without a password in it')
  }
  return value
}

function parseSecret(value: string): string | undefined {
  if (Buffer.byteLength(value) < MIN_SECRET_BYTES) {
    throw new Error(`${MIN_SECRET_BYTES} bytes or more, the same text that signs the tokens`)
  }
  requireUnguessable(value)
  return value
}

function parseAlgorithms(value: string): readonly string[] | undefined {
  const known = [...ASYMMETRIC, ...Object.keys(SYMMETRIC)]
  const algorithms = list(text)(value)
  if (algorithms.length === 0 || !algorithms.every((algorithm) => known.includes(algorithm))) {
    throw new Error(`one or more of ${known.join(', ')}, comma-separated`)
  }
  return algorithms
}

/** The permissions for each name that the external service uses. */
export type PermissionsMap = ReadonlyMap<string, readonly Permission[]>

function parseMap(value: string): PermissionsMap | undefined {
  const map = new Map<string, Permission[]>()
  for (const entry of list(text)(value)) {
    const at = entry.lastIndexOf('=')
    const [theirs, ours] = [entry.slice(0, Math.max(at, 0)), entry.slice(at + 1)].map((part) =>
      part.trim(),
    )
    if (!theirs || !isPermission(ours)) {
      throw new Error(
        `entries like media:read=view-media, comma-separated, each ending in one of ${permissions.join(', ')}`,
      )
    }
    map.set(theirs, [...(map.get(theirs) ?? []), ours])
  }
  return map
}

function parseSignInUrl(value: string): string | undefined {
  const here = 'http://here.invalid'
  const url = URL.parse(value, here)
  const isPath = value.startsWith('/') && url?.origin === here
  const isWeb = URL.canParse(value) && /^https?:$/.test(url?.protocol ?? '')
  if (url === null || !(isPath || isWeb) || url.username !== '' || url.password !== '') {
    throw new Error('a URL of https or http, or a path like /sign-in')
  }
  return value
}
