import { expect, it, onTestFinished } from 'vitest'
import { makeDataFolder } from '../../test/harness.ts'
import { locateDatabase } from '../../test/postgres.ts'
import { stockLibrary } from '../../test/stock-library.ts'
import { openDatabase } from '../database/open.ts'
import { newKey } from '../storage/storage.ts'
import { keysOf, readFile, writeFiles } from './files.ts'

it('replaces another file with the same bytes', async () => {
  const data = makeDataFolder()
  await stockLibrary(data, 4)
  const database = await openDatabase(await locateDatabase(data))
  onTestFinished(() => database.close())
  const old = await readFile(database.read, 3)
  if (!old) throw new Error('There is no file 3.')

  const again = {
    ...old,
    file: { ...old.file, id: 9, key: newKey('originals', 'jpg') },
    variants: [],
  }
  await database.write((trx) => writeFiles(trx, [again], 5))
  expect(await readFile(database.read, 3)).toBeUndefined()
  expect((await readFile(database.read, 9))?.file.key).toBe(again.file.key)
  // Both of its items are deleted too, and the journal names its objects for removal.
  const items = await database.read.selectFrom('media').select('id').execute()
  expect(items.map(({ id }) => id)).toEqual([1, 2])
  const journal = await database.read.selectFrom('journal').select(['key', 'owner']).execute()
  expect(journal.map(({ key }) => key).sort()).toEqual(keysOf(old).sort())
  expect(journal.every(({ owner }) => owner === null)).toBe(true)
})
