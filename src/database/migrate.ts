import { sql } from 'kysely'
import { AppError } from '../base/errors.ts'
import { migrations } from './migrations.ts'
import type { Queries } from './tables.ts'

/**
 * Brings the tables up to date, once, however many processes start at the same time.
 * @throws AppError if the database was migrated by a newer version
 */
export async function migrate(db: Queries): Promise<void> {
  const [done, known] = [await readDone(db), Object.keys(migrations)]
  if (done.size === known.length && known.every((name) => done.has(name))) return
  // Loaded only where it is used: most starts find nothing to do.
  const { Migrator } = await import('kysely/migration')
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  // Kysely's words for migrations in the database that this version does not have.
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw newer(error)
  }
  if (error) throw new Error('The database could not be migrated.', { cause: error })
}

/** @throws AppError if the tables are not up to date, where they cannot be brought there */
export async function requireMigrated(db: Queries): Promise<void> {
  const done = await readDone(db)
  if (Object.keys(migrations).every((name) => done.has(name))) return
  throw new AppError('database-older', 500, 'Database of another version', {
    detail:
      'The database has to be brought up to date, and its disk cannot be written; make it writable.',
  })
}

/**
 * For who only looks: nothing is changed.
 * @throws AppError if the tables are not those of this version
 */
export async function requireCurrent(db: Queries): Promise<void> {
  const [done, known] = [await readDone(db), Object.keys(migrations)]
  if (done.size === 0) {
    const detail = 'There is no library in the database; start the server on it to make one.'
    throw new AppError('library-absent', 500, 'No library', { detail })
  }
  if (known.some((name) => !done.has(name))) {
    throw new AppError('database-older', 500, 'Database of another version', {
      detail:
        'The library is that of an older version of Vitrine, and this command changes nothing. Make a backup with that version; then start the server of this one, or run vitrine doctor --repair, which bring the library up to date.',
    })
  }
  if (done.size > known.length) throw newer()
}

const newer = (cause?: unknown) =>
  new AppError('database-newer', 500, 'Database of another version', {
    detail: 'The database was last opened by a newer version of Vitrine; start that one.',
    cause,
  })

/**
 * The names of the migrations that were made. Asked for directly: a Migrator first looks through all
 * tables and their columns, and writes, which takes longer than the rest of opening a database.
 */
async function readDone(db: Queries): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`
    .execute(db)
    .catch((error) => {
      // A new database has no such table, as either engine says by its name.
      if (error instanceof Error && error.message.includes('kysely_migration')) return { rows: [] }
      throw error
    })
  return new Set(rows.map(({ name }) => name))
}
