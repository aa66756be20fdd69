import { type Permission, permissions } from '../permissions.ts'
import type { External } from './external.ts'

type Claims = Readonly<Record<string, unknown>>

/** Longer than any name of a person or email address. */
const MAX_USER_LENGTH = 255

/** The user that a token names; undefined if it names none, or a name that cannot be displayed. */
export function readUser(
  claims: Claims,
  { userClaim }: Pick<External, 'userClaim'>,
): string | undefined {
  const value = readClaim(claims, userClaim)
  const name = Number.isSafeInteger(value) ? String(value) : value
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_USER_LENGTH) {
    return undefined
  }
  return /\p{Cc}/u.test(name) ? undefined : name
}

/**
 * The permissions that a token grants. The claim is an array of names, or one string with spaces between the
 * names, like `scope` (RFC 8693, section 4.2). Unknown names are ignored.
 */
export function readPermissions(
  claims: Claims,
  { permissionsClaim, permissionsMap }: Pick<External, 'permissionsClaim' | 'permissionsMap'>,
): Permission[] {
  const value = readClaim(claims, permissionsClaim)
  const names: unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  const allowed = new Set(
    permissionsMap ? names.flatMap((name) => permissionsMap.get(String(name)) ?? []) : names,
  )
  return permissions.filter((permission) => allowed.has(permission))
}

/**
 * @param path name of a claim, such as `permissions`, or a path with dots into nested objects, such as
 *   `realm_access.roles`. A claim whose own name contains dots, such as a URL, takes precedence
 */
function readClaim(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

const isObject = (value: unknown): value is Claims => typeof value === 'object' && value !== null
