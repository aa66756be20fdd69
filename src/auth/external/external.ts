import type { ExternalSettings, PermissionsMap } from './external-settings.ts'

/** An external service whose tokens are accepted. */
export interface External {
  /** The keys that its tokens are checked with. */
  keys: { url: string } | { secret: string }
  issuer: string
  audience: string
  algorithms: readonly string[]
  userClaim: string
  permissionsClaim: string
  /** Undefined if the service uses Vitrine's own names of permissions. */
  permissionsMap: PermissionsMap | undefined
  /** Where users sign in, if known. */
  signInUrl: string | undefined
}

/** The service that the settings name; undefined if Vitrine's own accounts count. */
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
