import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { ACCOUNT_TABLES, DERIVED_TABLES, PASSING_TABLES } from './tables.ts'

it('knows of every table whether it moves', async () => {
  const database = await openTemporaryDatabase()
  const tables = await database.read.introspection.getTables()
  const names = tables
    .map(({ name }) => name)
    // Of the migrator, and what FTS5 makes for itself.
    .filter((name) => !/^kysely_|^media_search_/.test(name))
  const known: string[] = [
    'library',
    'files',
    'variants',
    'earlier_addresses',
    'media',
    ...ACCOUNT_TABLES.map(({ name }) => name),
    ...DERIVED_TABLES,
    ...PASSING_TABLES,
  ]
  expect(names.sort()).toEqual(known.sort())
})
