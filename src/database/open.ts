import type { Database, DatabaseLocation } from './database.ts'
import type { Milliseconds } from './tables.ts'
import { requireFinished } from './unfinished.ts'

/**
 * Opens a database and brings its tables up to date.
 *
 * @param clock replaces the database's clock in tests of what happens after days
 * @param unfinished also opens a library whose copy or restore is not finished, for the command that does it
 * @param asItIs changes nothing, and refuses tables that are not up to date
 * @throws AppError if the database cannot be reached or used, with a `detail` for the operator
 */
export async function openDatabase(
  location: DatabaseLocation,
  clock?: () => Milliseconds,
  { unfinished = false, asItIs = false } = {},
): Promise<Database> {
  const database = await openEngine(location, clock, asItIs)
  try {
    if (!unfinished) await requireFinished(database.read)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Loads only the engine that is used. */
async function openEngine(
  location: DatabaseLocation,
  clock: (() => Milliseconds) | undefined,
  asItIs: boolean,
) {
  if (typeof location === 'string') {
    const { openEmbedded } = await import('./embedded.ts')
    return openEmbedded(location, clock ?? Date.now, asItIs)
  }
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres(location, clock, asItIs)
}
