import { access } from 'node:fs/promises'
import { UsageError } from '../base/errors.ts'
import { type Config, databaseLocation } from '../config.ts'
import type { Database } from '../database/database.ts'
import { openDatabase } from '../database/open.ts'

/**
 * Opens the database alone, without the rest of a server, for `work`, and closes it afterwards.
 * @param asItIs for commands that only read: see `openDatabase`
 */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
  { asItIs = false } = {},
): Promise<T> {
  const database = await openDatabase(databaseLocation(config), undefined, { asItIs })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/**
 * For commands that have nothing to do without a library. A mistyped folder is reported instead of created.
 */
export async function requireLibrary(config: Config): Promise<void> {
  const location = databaseLocation(config)
  if (typeof location !== 'string') return
  await access(location).catch(() => {
    throw new UsageError(
      `There is no library in ${config.data}; name its folder with --data or VITRINE_DATA.`,
    )
  })
}

/** As `withDatabase`, for an existing library that keeps its own accounts. */
export async function withAccounts<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  requireOwnAccounts(config)
  await requireLibrary(config)
  return withDatabase(config, work)
}

/** Vitrine's own accounts have no effect while an external service provides the accounts. */
export function requireOwnAccounts({ auth }: Config): void {
  if (auth === 'own') return
  throw new UsageError(
    'VITRINE_AUTH is external: the accounts are kept by the service that issues the tokens.',
  )
}
