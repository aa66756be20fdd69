/** What a role may allow. Which role allows what are rows; see `database/migrations.ts`. */
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

export function isAccess(value: unknown): value is Access {
  return (
    value === 'public' || value === 'session' || permissions.some((allowed) => allowed === value)
  )
}
