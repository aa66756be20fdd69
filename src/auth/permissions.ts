/** What a role may allow. Which role allows what are rows; see `database/migrations/`. */
export const permissions = [
  'view-media',
  'edit-media',
  'add-media',
  'delete-media',
  'manage-accounts',
] as const

export type Permission = (typeof permissions)[number]

/** Who may call a route: anybody, whoever is signed in, or whoever has the permission. */
export type Access = 'public' | 'session' | Permission

export const isPermission = (value: unknown): value is Permission =>
  permissions.some((permission) => permission === value)

export const isAccess = (value: unknown): value is Access =>
  value === 'public' || value === 'session' || isPermission(value)
