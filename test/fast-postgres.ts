import { type OwnPostgres, ownPostgresVersion, startOwnPostgres } from './own-postgres.ts'
import { findPostgres } from './postgres.ts'

/** The first version that can copy a database's files. */
const LEAST_VERSION = 15

/**
 * It flushes nothing: a cut of power would destroy its databases, each of which is of one test. It keeps little of
 * its log, because all of it may be in memory. No database lives long enough to be worth a vacuum.
 */
const SETTINGS = [
  'autovacuum=off',
  'fsync=off',
  'full_page_writes=off',
  'wal_level=minimal',
  'max_wal_senders=0',
  'max_wal_size=256MB',
]

/**
 * Starts a server for the tests of one run, of the version and the locale of the one that they would use
 * otherwise.
 * @returns undefined if this machine lacks the programs of that version, or they do not work
 */
export async function startFastPostgres(): Promise<OwnPostgres | undefined> {
  const [own, given] = [ownPostgresVersion(), await findPostgres()]
  if (own === undefined || own < LEAST_VERSION) return undefined
  if (given !== undefined && given.version !== own) return undefined
  const options = { settings: SETTINGS, ...(given && { locale: given.locale }) }
  return startOwnPostgres(options).catch((error: unknown) => {
    console.log(`PostgreSQL cannot be started for this run alone: ${error}`)
    return undefined
  })
}
