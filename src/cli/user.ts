import {
  createUser,
  removeUser,
  setDisabled,
  setPassword,
  setRole,
} from '../auth/accounts/accounts.ts'
import { type Account, listUsers } from '../auth/accounts/list-accounts.ts'
import { endAllSessions, endSession, listSessions } from '../auth/session/session-list.ts'
import type { Config } from '../config.ts'
import { requireLibrary, requireOwnAccounts, withAccounts, withDatabase } from './open-database.ts'
import { readNewPassword } from './password.ts'
import { printTable, showTime } from './table.ts'

interface PasswordOptions {
  /** Read the password from standard input instead of asking. */
  passwordStdin?: boolean
}

/** Creates an account, also in a library that no server has opened yet. */
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
  printTable(['ROLE', 'STATE', 'CREATED', 'LAST USE', 'NAME'], users.map(toRow))
}

const toRow = ({ username, roles, disabled, createdAt, lastUsedAt }: Account): string[] => [
  roles.join(', '),
  disabled ? 'disabled' : 'enabled',
  showTime(createdAt),
  showTime(lastUsedAt),
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
  console.log(`Changed the password of ${username}; all sessions and tokens have ended.`)
}

export async function userRole(config: Config, username: string, role: string): Promise<void> {
  await withAccounts(config, (database) => setRole(database, username, role))
  console.log(`${username} has the role ${role} now.`)
}

export async function userRemove(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => removeUser(database, username))
  console.log(`Removed the user ${username}; all sessions and tokens have ended.`)
}

export async function userDisable(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => setDisabled(database, username, true))
  console.log(`Disabled ${username}; all sessions and tokens have ended.`)
}

export async function userEnable(config: Config, username: string): Promise<void> {
  await withAccounts(config, (database) => setDisabled(database, username, false))
  console.log(`Enabled ${username}.`)
}

/** Prints a table of the sessions of an account. */
export async function userSessions(config: Config, username: string): Promise<void> {
  const sessions = await withAccounts(config, (database) => listSessions(database, username))
  printTable(
    ['ID', 'CREATED', 'LAST USE', 'FROM', 'BROWSER'],
    sessions.map(({ id, createdAt, lastUsedAt, network, userAgent }) => [
      id,
      showTime(createdAt),
      showTime(lastUsedAt),
      network,
      userAgent,
    ]),
  )
}

/** Ends one session of an account, or all of them. */
export async function userSignOut(
  config: Config,
  username: string,
  { session }: { session?: string },
): Promise<void> {
  if (session === undefined) {
    const count = await withAccounts(config, (database) => endAllSessions(database, username))
    console.log(`Ended ${count} sessions of ${username}.`)
  } else {
    await withAccounts(config, (database) => endSession(database, username, session))
    console.log(`Ended the session ${session} of ${username}.`)
  }
}
