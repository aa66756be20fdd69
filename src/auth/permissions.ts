/** Permissions that a role can have. The permissions of each role are rows; see `database/migrations/`. */
export const permissions = [
  'view-media',
  'edit-media',
  'add-media',
  'delete-media',
  'manage-accounts',
  'manage-presets',
] as const

export type Permission = (typeof permissions)[number]

/** Who may call a route: every client, every signed-in user, or users with the permission, or with all of these. */
export type Access = 'public' | 'session' | Permission | readonly Permission[]

/** The permissions that a route requires. */
export const permissionsOf = (access: Access | undefined): readonly Permission[] => {
  if (access === undefined || access === 'public' || access === 'session') return []
  return typeof access === 'string' ? [access] : access
}

export const isPermission = (value: unknown): value is Permission =>
  permissions.some((permission) => permission === value)

export const isAccess = (value: unknown): value is Access =>
  value === 'public' ||
  value === 'session' ||
  isPermission(value) ||
  (Array.isArray(value) && value.length > 0 && value.every(isPermission))
