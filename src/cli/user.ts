import { createUser, removeUser, setDisabled, setPassword, setRole } from '../auth/accounts.ts'
import { type Account, listUsers } from '../auth/list-accounts.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { readNewPassword } from './password.ts'
import { UsageError } from './usage-error.ts'

interface PasswordOptions {
  /** Read it from standard input instead of asking. */
  passwordStdin?: boolean
}

/** Makes an account; also in a library that no server has opened yet. */
export async function userAdd(
  config: Config,
  username: string,
  { role, ...options }: PasswordOptions & { role: string },
): Promise<void> {
  requireOwnAccounts(config)
  const password = await readNewPassword(username, options)
  await withDatabase(config, (database) => createUser(database, { username, password, role }))
  console.log(`Added the user ${username} with the role ${role}.`)
}

/** Prints a table of all accounts. */
export async function userList(config: Config): Promise<void> {
  const users = await withAccounts(config, listUsers)
  // The names stand last, so that wide characters in them move nothing.
  const rows = [['ROLE', 'STATE', 'CREATED', 'NAME'], ...users.map(toRow)]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows) {
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  }
}

const toRow = ({ username, roles, disabled, createdAt }: Account): string[] => [
  roles.join(', '),
  disabled ? 'disabled' : 'enabled',
  new Date(createdAt).toISOString(),
  username,
]

export async function userPassword(
  config: Config,
  username: string,
  options: PasswordOptions,
): Promise<void> {
  requireOwnAccounts(config)
  await requireLibrary(config)
  const password = await readNewPassword(username, options)
  await withDatabase(config, (database) => setPassword(database, username, password))
  console.log(`Changed the password of ${username}; all sessions have ended.`)
}

export async function userRole(config: Config, username: string, role: string): Promise<void> {
  await withAccounts(config, (database) => setRole(database, username, role))
  console.log(`${username} has the role ${role} now.`)
}

export async function userRemove(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => removeUser(database, username))
  console.log(`Removed the user ${username}; all sessions have ended.`)
}

export async function userDisable(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => setDisabled(database, username, true))
  console.log(`Disabled ${username}; all sessions have ended.`)
}

export async function userEnable(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => setDisabled(database, username, false))
  console.log(`Enabled ${username}.`)
}

async function withAccounts<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  requireOwnAccounts(config)
  await requireLibrary(config)
  return withDatabase(config, work)
}

/** Our own accounts count for nothing where those of another service do. */
function requireOwnAccounts({ auth }: Config): void {
  if (auth === 'own') return
  throw new UsageError(
    'VITRINE_AUTH is external: the accounts are kept by the service that issues the tokens.',
  )
}
