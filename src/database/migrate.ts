import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { AppError } from '../base/errors.ts'
import { up as library } from './migrations/0001-library.ts'
import { up as accounts } from './migrations/0002-accounts.ts'
import { up as tags } from './migrations/0003-tags.ts'
import { up as unfinished } from './migrations/0004-unfinished.ts'
import { up as tokensAndAudit } from './migrations/0005-tokens-and-audit.ts'
import { up as mediaJson } from './migrations/0007-media-json.ts'
import { up as scrub } from './migrations/0010-scrub.ts'
import { up as trailRefusesReplacing } from './migrations/0011-trail-refuses-replacing.ts'
import { up as recipes } from './migrations/0012-recipes.ts'
import { up as unseenCharacters } from './migrations/0013-unseen-characters.ts'
import { up as itemTriggers } from './migrations/0014-item-triggers.ts'
import { up as order } from './migrations/0015-order.ts'
import { up as renditions } from './migrations/0016-renditions.ts'
import { up as said } from './migrations/0017-said.ts'
import type { Queries } from './tables.ts'

/**
 * Brings the tables up to date. Does so only once if several processes start at the same time.
 * @throws AppError if the database was migrated by a newer version
 */
export async function migrate(db: Queries): Promise<void> {
  const [done, known] = [await readDone(db), Object.keys(migrations)]
  if (done.size === known.length && known.every((name) => done.has(name))) return
  // Loaded only when it is needed: most starts have nothing to migrate.
  const { Migrator } = await import('kysely/migration')
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  // Kysely's message for migrations in the database that this version does not have.
  if (error instanceof Error && error.message.startsWith('corrupted migrations')) {
    throw newer(error)
  }
  if (error) throw new Error('The database could not be migrated.', { cause: error })
}

/**
 * For a database that cannot be written.
 * @throws AppError if the tables lack a migration of this version
 */
export async function requireMigrated(db: Queries): Promise<void> {
  const done = await readDone(db)
  if (Object.keys(migrations).every((name) => done.has(name))) return
  throw new AppError('database-older', 500, 'Database of another version', {
    detail:
      'The database has to be brought up to date, and its disk cannot be written; make it writable.',
  })
}

/**
 * For commands that only read. Changes nothing.
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
 * Reads the names of the migrations that have run. Queries them directly: a Migrator first looks through
 * all tables and their columns, and writes, which takes longer than the rest of opening a database.
 */
async function readDone(db: Queries): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`
    .execute(db)
    .catch((error) => {
      // A new database has no such table. Both engines name it in their error.
      if (error instanceof Error && error.message.includes('kysely_migration')) return { rows: [] }
      throw error
    })
  return new Set(rows.map(({ name }) => name))
}

/**
 * In order. A released migration is never changed. Each is self-contained, so that no change of the program
 * changes the tables that it makes: `biome.json` forbids it to import anything of the program.
 */
export const migrations: Record<string, Migration> = {
  '0001-library': { up: library },
  '0002-accounts': { up: accounts },
  '0003-tags': { up: tags },
  '0004-unfinished': { up: unfinished },
  '0005-tokens-and-audit': { up: tokensAndAudit },
  '0007-media-json': { up: mediaJson },
  '0010-scrub': { up: scrub },
  '0011-trail-refuses-replacing': { up: trailRefusesReplacing },
  '0012-recipes': { up: recipes },
  '0013-unseen-characters': { up: unseenCharacters },
  '0014-item-triggers': { up: itemTriggers },
  '0015-order': { up: order },
  '0016-renditions': { up: renditions },
  '0017-said': { up: said },
}
