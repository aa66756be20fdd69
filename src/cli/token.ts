import { createApiToken, listApiTokens, revokeApiToken } from '../auth/tokens/api-tokens.ts'
import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { readId } from '../http/read-id.ts'
import { withAccounts } from './open-database.ts'
import { printTable, showTime } from './table.ts'

/** Creates a personal token for an account and prints it. Its text cannot be read again later. */
export async function tokenAdd(
  config: Config,
  name: string,
  { user, permissions, days }: { user: string; permissions: string; days: string },
): Promise<void> {
  const fields = {
    name,
    permissions: permissions.split(',').map((permission) => permission.trim()),
    days: /^\d{1,4}$/.test(days) ? Number(days) : Number.NaN,
  }
  const made = await withAccounts(config, (database) => createApiToken(database, user, fields))
  // Standard output gets only the token, for scripts.
  console.error(
    `Token ${made.id} of ${made.username}, good until ${showTime(made.expiresAt)}; shown only now:`,
  )
  console.log(made.token)
}

/** Prints a table of all personal tokens, or of those of an account. */
export async function tokenList(config: Config, { user }: { user?: string }): Promise<void> {
  const tokens = await withAccounts(config, (database) => listApiTokens(database, user))
  printTable(
    ['ID', 'EXPIRES', 'LAST USE', 'PERMISSIONS', 'USER', 'NAME'],
    tokens.map(({ id, expiresAt, lastUsedAt, permissions, username, name }) => [
      String(id),
      showTime(expiresAt),
      showTime(lastUsedAt),
      permissions.join(','),
      username,
      name,
    ]),
  )
}

export async function tokenRevoke(config: Config, text: string): Promise<void> {
  const id = readId(text)
  if (id === undefined) {
    throw new UsageError(`${JSON.stringify(text)} is no id; vitrine token list shows them.`)
  }
  await withAccounts(config, (database) => revokeApiToken(database, { id }))
  console.log(`Revoked the token ${id}.`)
}
