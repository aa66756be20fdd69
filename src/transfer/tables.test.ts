import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { VERSION } from './archive/format.ts'
import { DERIVED_TABLES, MOVED_TABLES, PASSING_TABLES } from './tables.ts'

it('knows for every table whether it is copied', async () => {
  const database = await openTemporaryDatabase()
  const tables = await database.read.introspection.getTables()
  const names = tables
    .map(({ name }) => name)
    // Without the tables of the migrator, and those that FTS5 creates for itself.
    .filter((name) => !/^kysely_|^media_search_/.test(name))
  const known: string[] = [
    'library',
    ...MOVED_TABLES.map(({ name }) => name),
    ...DERIVED_TABLES,
    ...PASSING_TABLES,
  ]
  expect(names.sort()).toEqual(known.sort())
})

it('raises the version of the backup format for a new table', () => {
  for (const { since = 1 } of MOVED_TABLES) expect(since).toBeLessThanOrEqual(VERSION)
})
