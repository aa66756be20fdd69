import { type Permission, permissions } from '../permissions.ts'
import type { External } from './external.ts'

type Claims = Readonly<Record<string, unknown>>

/** Longer than any name of a person or an address. */
const MAX_USER_LENGTH = 255

/** Who a token says it is for; undefined if it does not, or not in a way that can be shown. */
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
 * What a token allows: an array of names, or one text with spaces between them, as `scope` has it
 * (RFC 8693, section 4.2). Names that mean nothing here are passed over.
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
 * @param path `permissions`, or with dots into what is nested: `realm_access.roles`. A claim whose
 *   own name has dots, like an address, comes first
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
