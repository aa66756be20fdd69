import { access } from 'node:fs/promises'
import { UsageError } from '../base/usage-error.ts'
import { type Config, databaseLocation } from '../config.ts'
import { type Database, openDatabase } from '../database/database.ts'

/**
 * Gives `work` the database alone, which needs nothing of what a server holds, and closes it.
 * @param asItIs for what only looks: see `openDatabase`
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
 * For commands that have nothing to do where there is no library yet, so that a mistyped folder is
 * told and not made.
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

/** As `withDatabase`, of a library that is there and whose accounts are its own. */
export async function withAccounts<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  requireOwnAccounts(config)
  await requireLibrary(config)
  return withDatabase(config, work)
}

/** Our own accounts count for nothing where those of another service do. */
export function requireOwnAccounts({ auth }: Config): void {
  if (auth === 'own') return
  throw new UsageError(
    'VITRINE_AUTH is external: the accounts are kept by the service that issues the tokens.',
  )
}
