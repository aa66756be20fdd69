import type { ExternalSettings, PermissionsMap } from './external-settings.ts'

/** Another service whose tokens count here. */
export interface External {
  /** What its tokens are checked with. */
  keys: { url: string } | { secret: string }
  issuer: string
  audience: string
  algorithms: readonly string[]
  userClaim: string
  permissionsClaim: string
  /** Undefined where it calls permissions as we do. */
  permissionsMap: PermissionsMap | undefined
  /** Where people sign in, if that is known. */
  signInUrl: string | undefined
}

/** The service that the settings name; undefined where our own accounts count. */
export function readExternal(settings: ExternalSettings): External | undefined {
  if (settings.auth === 'own') return undefined
  const { authJwksUrl, authSecret, authIssuer, authAudience, authAlgorithms } = settings
  const keys =
    authJwksUrl !== undefined
      ? { url: authJwksUrl }
      : authSecret !== undefined && { secret: authSecret }
  if (!keys || authIssuer === undefined || authAudience === undefined || !authAlgorithms) {
    throw new Error('The settings have not been checked as a whole.')
  }
  return {
    keys,
    issuer: authIssuer,
    audience: authAudience,
    algorithms: authAlgorithms,
    userClaim: settings.authUserClaim,
    permissionsClaim: settings.authPermissionsClaim,
    permissionsMap: settings.authPermissionsMap,
    signInUrl: settings.authSignInUrl,
  }
}
