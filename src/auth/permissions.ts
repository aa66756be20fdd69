/** Permissions that a role can have. The permissions of each role are rows; see `database/migrations/`. */
export const permissions = [
  'view-media',
  'edit-media',
  'add-media',
  'delete-media',
  'manage-accounts',
] as const

export type Permission = (typeof permissions)[number]

/** Who may call a route: every client, every signed-in user, or users with the permission. */
export type Access = 'public' | 'session' | Permission

export const isPermission = (value: unknown): value is Permission =>
  permissions.some((permission) => permission === value)

export const isAccess = (value: unknown): value is Access =>
  value === 'public' || value === 'session' || isPermission(value)
