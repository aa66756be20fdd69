import type { Database } from '../../database/database.ts'
import type { Milliseconds, Queries } from '../../database/tables.ts'
import { permissions } from '../permissions.ts'

export interface Account {
  id: number
  username: string
  roles: string[]
  disabled: boolean
  createdAt: Milliseconds
  /** Last use of any session or personal token that is still stored; null if there is none. */
  lastUsedAt: Milliseconds | null
}

/** All accounts, in the order of their creation. */
export async function listUsers({ read }: Pick<Database, 'read'>): Promise<Account[]> {
  const rows = await selectAccounts(read).execute()
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap(toAccount)
}

/** Reads an account that must exist. */
export async function readAccount(db: Queries, id: number): Promise<Account> {
  const [account] = toAccount(await selectAccounts(db).where('users.id', '=', id).execute())
  if (account === undefined) throw new Error(`There is no account ${id}.`)
  return account
}

const selectAccounts = (db: Queries) =>
  db
    .selectFrom('users')
    .leftJoin('user_roles', 'user_roles.user_id', 'users.id')
    .select(({ selectFrom }) => [
      'users.id',
      'users.username',
      'users.disabled',
      'users.created_at',
      'user_roles.role',
      selectFrom('sessions')
        .whereRef('sessions.user_id', '=', 'users.id')
        .select(({ fn }) => fn.max('sessions.last_used_at').as('at'))
        .as('session_used_at'),
      selectFrom('api_tokens')
        .whereRef('api_tokens.user_id', '=', 'users.id')
        .select(({ fn }) => fn.max('api_tokens.last_used_at').as('at'))
        .as('token_used_at'),
    ])
    .orderBy('users.id')
    .orderBy('user_roles.role')

type Row = Awaited<ReturnType<ReturnType<typeof selectAccounts>['execute']>>[number]

/** @param rows of one account, one for each of its roles */
function toAccount(rows: readonly Row[]): Account[] {
  const [user] = rows
  if (user === undefined) return []
  const lastUsedAt = Math.max(user.session_used_at ?? 0, user.token_used_at ?? 0)
  return [
    {
      id: user.id,
      username: user.username,
      roles: rows.map((row) => row.role).filter((role) => role !== null),
      disabled: user.disabled === 1,
      createdAt: user.created_at,
      lastUsedAt: lastUsedAt === 0 ? null : lastUsedAt,
    },
  ]
}

/** All roles with their permissions, the role with the fewest first. */
export async function listRoles(db: Queries): Promise<{ name: string; permissions: string[] }[]> {
  const rows = await db
    .selectFrom('role_permissions')
    .select(['role', 'permission'])
    .orderBy('role')
    .execute()
  return [...Map.groupBy(rows, ({ role }) => role)]
    .map(([name, group]) => {
      const allowed = new Set(group.map(({ permission }) => permission))
      return { name, permissions: permissions.filter((permission) => allowed.has(permission)) }
    })
    .sort((a, b) => a.permissions.length - b.permissions.length)
}
