import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { makeDataFolder, runCli } from './harness.ts'
import { locateDatabase } from './postgres.ts'

it.each([
  ['an older', `DELETE FROM kysely_migration WHERE name = '0013-unseen-characters'`, 'an older'],
  ['a newer', `INSERT INTO kysely_migration VALUES ('9999-future', '2099-01-01')`, 'a newer'],
])(
  'doctor and backup refuse a library of %s version and do not change it',
  async (_, statement, said) => {
    const data = makeDataFolder()
    const location = await locateDatabase(data)
    const database = await openDatabase(location)
    const readDone = async () =>
      (
        await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(
          database.read,
        )
      ).rows
    await database.write((trx) => sql.raw(statement).execute(trx))
    const before = await readDone()
    const file = join(data, 'backup.tar')
    for (const command of [['doctor'], ['doctor', '--quick'], ['backup', file]]) {
      const { code, stdout, stderr } = await runCli(data, command)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(`${said} version of Vitrine`)
      expect(await readDone()).toEqual(before)
    }
    await database.close()
    await rm(file, { force: true })
  },
)

it.each([
  'postgres://vitrine:12/s3cret@127.0.0.1:1/db',
  'postgres://vitrine:12#s3cret@127.0.0.1:1/db',
  'postgres://vitrine:12?s3cret@127.0.0.1:1/db',
  'postgres://vitrine:s3cret#@127.0.0.1:1/db',
  'postgres://vitrine:s3cret%@127.0.0.1:1/db',
  'postgres://vitrine:s3@cret:@127.0.0.1:1/db',
  'postgres://vitrine:s3cret@127.0.0.1:1/db',
  'postgres//vitrine:s3cret@127.0.0.1:1/db',
])('no error shows the password of %s', async (url) => {
  for (const args of [
    ['doctor', '--database-url', url],
    ['user', 'list', `--databse-url=${url}`],
    ['copy', '--to-database', url],
  ]) {
    const { code, stdout, stderr } = await runCli(makeDataFolder(), args)
    expect(code).not.toBe(0)
    const told = stdout + stderr
    expect(told).not.toBe('')
    for (const part of ['s3cret', 'cret', ':12', 's3@']) expect(told).not.toContain(part)
  }
})
