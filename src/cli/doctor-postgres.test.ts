import { sql } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { makeDataFolder, runCli } from '../../test/harness.ts'
import { loseObject } from '../../test/library-storage.ts'
import { locateDatabase } from '../../test/postgres.ts'
import { stockLibrary } from '../../test/stock-library.ts'
import { openDatabase } from '../database/open.ts'

/** What PostgreSQL's own queries find and repair. `doctor.test.ts` tests everything else. */
it('finds faults in a PostgreSQL database and repairs them', async () => {
  const data = makeDataFolder()
  await stockLibrary(data, 12)
  const database = await openDatabase(await locateDatabase(data))
  onTestFinished(() => database.close())
  const doctor = async (...flags: string[]) => {
    const { code, stdout } = await runCli(data, ['doctor', ...flags])
    return { code, stdout }
  }
  const { key } = await database.read
    .selectFrom('variants')
    .select('key')
    .where('file_id', '=', 10)
    .where('name', '=', 'high')
    .executeTakeFirstOrThrow()
  await loseObject(data, key)
  await database.write(async (trx) => {
    for (const damage of [
      sql`DELETE FROM media_search WHERE id = 3`,
      sql`UPDATE media_search SET lines = 'another' WHERE id = 5`,
      sql`INSERT INTO media_search (id, lines) VALUES (77, 'of nothing')`,
      sql`UPDATE media_counts SET count = count + 1 WHERE level = 10`,
      sql`UPDATE tags SET count = 1 WHERE tag = '東京'`,
    ]) {
      await damage.execute(trx)
    }
  })
  const found = await doctor('--quick')
  expect(found.code).toBe(1)
  for (const problem of [
    'The search index disagrees with 3 of the items: 3, 5, 77.',
    'The items are counted wrongly',
    'Tags are counted or folded wrongly: "東京".',
    `is missing from storage (${key})`,
  ]) {
    expect(found.stdout).toContain(problem)
  }
  const repaired = await doctor('--quick', '--repair')
  for (const done of ['Built it anew for 3 items.', 'Counted them anew.']) {
    expect(repaired.stdout).toContain(done)
  }
  // No variant can be rendered from bytes that are not an image. Everything else is sound again.
  const left = (await doctor('--quick')).stdout.split('\n')
  expect(left.filter((line) => !line.includes(key))).toEqual([
    expect.stringMatching(/^12 items, 11 files, \d+ objects checked: /),
    '',
  ])
})
