import { Migrator } from 'kysely/migration'
import { AppError } from '../errors.ts'
import { migrations } from './migrations.ts'
import type { Queries } from './tables.ts'

/**
 * Brings the tables up to date, once, however many processes start at the same time.
 * @throws AppError if the database was migrated by a newer version
 */
export async function migrate(db: Queries): Promise<void> {
  const migrator = createMigrator(db)
  const { error } = await migrator.migrateToLatest()
  // Kysely's words for migrations in the database that this version does not have.
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw new AppError('database-newer', 500, 'Database of another version', {
      detail: 'The database was last opened by a newer version of Vitrine; start that one.',
      cause: error,
    })
  }
  if (error) throw new Error('The database could not be migrated.', { cause: error })
}

/** @throws AppError if the tables are not up to date, where they cannot be brought there */
export async function requireMigrated(db: Queries): Promise<void> {
  const known = await createMigrator(db).getMigrations()
  if (known.every(({ executedAt }) => executedAt !== undefined)) return
  throw new AppError('database-older', 500, 'Database of another version', {
    detail:
      'The database has to be brought up to date, and its disk cannot be written; make it writable.',
  })
}

const createMigrator = (db: Queries) =>
  new Migrator({ db, provider: { getMigrations: async () => migrations } })
