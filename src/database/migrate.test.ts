import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrations, requireMigrated } from './migrate.ts'
import { openDatabase } from './open.ts'
import { openSqlite, sqliteDialect } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** Makes a database as an older version left it, and fills it by some SQL. */
async function makeOld(version: keyof typeof migrations, fill: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-migrations-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'vitrine.db')
  const connection = openSqlite(path, 'write')
  const db = new Kysely({ dialect: sqliteDialect(connection, 'write') })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateTo(version)
  expect(error).toBeUndefined()
  connection.exec(fill)
  connection.close()
  return path
}

describe('a database that cannot be written', () => {
  it('is refused if it lacks a migration of this version, and not because it has a newer one', async () => {
    const path = await makeOld('0002-accounts', '')
    const check = async () => {
      const connection = openSqlite(path, 'read')
      const db = new Kysely<Tables>({ dialect: sqliteDialect(connection, 'read') })
      return requireMigrated(db).finally(() => connection.close())
    }
    await expect(check()).rejects.toMatchObject({ code: 'database-older' })
    await (await openDatabase(path)).close()
    await check()
    const connection = openSqlite(path, 'write')
    connection.exec(`INSERT INTO kysely_migration VALUES ('9999-newer', '2099-01-01')`)
    connection.close()
    await check()
  })
})

describe('an old database', () => {
  it('gets the counts of its tags', async () => {
    const tags = ['["red","Été"]', '["red"]', '[]', '["red","東京"]', 'no JSON', '["5"', '5']
    const path = await makeOld(
      '0002-accounts',
      `INSERT INTO files VALUES (1, '', '', '', 0, 1, 1, 1, '', '', '', '');
      ${tags.map((text) => `INSERT INTO media VALUES (NULL, 1, 'x', '${text}', 0);`).join('')}`,
    )
    const database = await openDatabase(path)
    expect(
      await database.read
        .selectFrom('tags')
        .select(['tag', 'folded', 'count'])
        .orderBy('tag')
        .execute(),
    ).toEqual([
      { tag: 'red', folded: 'red', count: 3 },
      { tag: 'Été', folded: 'ete', count: 1 },
      { tag: '東京', folded: '東京', count: 1 },
    ])
    await database.close()
  })
})
