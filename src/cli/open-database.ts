import { access } from 'node:fs/promises'
import { type Config, databaseLocation } from '../config.ts'
import { type Database, openDatabase } from '../database/database.ts'
import { UsageError } from './usage-error.ts'

/** Gives `work` the database alone, which needs nothing of what a server holds, and closes it. */
export async function withDatabase<T>(
  config: Config,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = await openDatabase(databaseLocation(config))
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
