import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { fillDatabase, searchTexts } from '../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import type { Database } from '../database/database.ts'
import { isPostgres } from '../database/engine.ts'
import { up as leaveOutUnseen } from '../database/migrations/0013-unseen-characters.ts'
import { insertEntries, unindexItems } from '../media/list/search.ts'
import { rebuildIndex } from './reindex.ts'

const ITEMS = [
  { name: 'Sun\u200bset \u00adover ❤\ufe0f', tags: ['Rhein\u00adufer', 'Été'] },
  { name: 'Garden', tags: ['red', 'Été'] },
  { name: 'か\u200b\u3099 \u3164', tags: ['\u200b'] },
]

/** Everything that the search index holds. */
async function dump({ read, write }: Database): Promise<unknown[]> {
  if (isPostgres(read)) {
    return (await sql`SELECT id, lines FROM media_search ORDER BY id`.execute(read)).rows
  }
  await write((trx) =>
    sql`CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5vocab(media_search, instance)`.execute(
      trx,
    ),
  )
  return (await sql`SELECT doc, term, offset FROM grams ORDER BY doc, offset`.execute(read)).rows
}

it('the migration indexes items again whose texts contain invisible characters', async () => {
  const database = await openTemporaryDatabase()
  await fillDatabase(database, ITEMS)
  await database.write(async (trx) => {
    for (const id of [1, 3]) {
      await unindexItems(trx, [id])
      await insertEntries(trx, [{ id, ...searchTexts('as an older version did', []) }])
    }
    await sql`UPDATE media SET tags = ${'["Rhein\\u00adufer","Été"]'} WHERE id = 1`.execute(trx)
    await sql`UPDATE tags SET folded = 'old' WHERE tag LIKE 'Rhein%'`.execute(trx)
  })

  await database.write(leaveOutUnseen)
  const migrated = await dump(database)
  await rebuildIndex(database)
  expect(migrated).toEqual(await dump(database))
  const tags = await database.read.selectFrom('tags').select('folded').orderBy('folded').execute()
  expect(tags.map(({ folded }) => folded)).toEqual(['', 'ete', 'red', 'rheinufer'])
})
