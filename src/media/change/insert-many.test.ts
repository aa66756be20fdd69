import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { isPostgres } from '../../database/engine.ts'
import { newKey } from '../../storage/storage.ts'
import { countMedia } from '../list/rank.ts'
import { matchingIds, parseSearch } from '../list/search.ts'
import { listTags } from '../tags.ts'
import { insertFiles, insertItems, type NewFile } from './insert-many.ts'

/** How much FTS5 gathers in memory by default: https://sqlite.org/fts5.html */
const FTS5_HASH_BYTES = 1024 * 1024
/** Enough items that SQLite is set to gather more of the search index in memory. */
const MANY = 1200

function describeFile(index: number): NewFile {
  const sha256 = createHash('sha256').update(String(index)).digest('hex')
  return {
    file: {
      sha256,
      key: newKey('originals', 'jpg'),
      type: 'image/jpeg',
      size: 1000 + index,
      width: 40,
      height: 30,
      frames: 1,
      thumbhash: 'AAAA',
      color: '#808080',
      scaled_digest: sha256.slice(0, 22),
      high_digest: sha256.slice(22, 44),
    },
    scaled: { key: newKey('variants', 'webp'), sha256, size: 100 + index, width: 40, height: 30 },
  }
}

it('inserts many complete items at once, in their order', async () => {
  const database = await openTemporaryDatabase()
  const all = Array.from({ length: MANY }, (_, index) => index)
  const ids = await database.write(async (trx) => {
    const files = await insertFiles(trx, all.map(describeFile))
    const items = all.map((index) => ({
      file_id: files[index] ?? 0,
      name: `Nº ${index} 東京`,
      tags: JSON.stringify(index % 3 === 0 ? ['third', 'any'] : ['any']),
      added_at: 1000,
    }))
    return insertItems(trx, items)
  })

  expect(ids).toEqual(all.map((index) => index + 1))
  const rows = await database.read
    .selectFrom('media')
    .innerJoin('files', 'files.id', 'media.file_id')
    .innerJoin('variants', 'variants.file_id', 'files.id')
    .select(['media.id', 'media.name', 'files.size', 'variants.size as scaled_size'])
    .orderBy('media.id')
    .execute()
  expect(rows).toEqual(
    all.map((index) => ({
      id: index + 1,
      name: `Nº ${index} 東京`,
      size: 1000 + index,
      scaled_size: 100 + index,
    })),
  )
  expect(await countMedia(database.read)).toBe(MANY)
  expect(await listTags(database.read, { search: '', limit: 10 })).toEqual({
    tags: [
      { tag: 'any', count: MANY },
      { tag: 'third', count: MANY / 3 },
    ],
    total: 2,
  })
  const find = async (search: string) => {
    const { rows } = await matchingIds(database.read, parseSearch(search)).execute(database.read)
    return rows.map(({ id }) => id).sort((a, b) => a - b)
  }
  expect(await find('東京')).toEqual(ids)
  expect(await find('no THIRD')).toEqual(ids.filter((_, index) => index % 3 === 0))
  expect(await find('no 1199')).toEqual([1200])
})

it('inserts nothing for an empty list', async () => {
  const database = await openTemporaryDatabase()
  expect(await database.write((trx) => insertItems(trx, []))).toEqual([])
  expect(await countMedia(database.read)).toBe(0)
})

it('leaves the search index of SQLite with its usual settings', async () => {
  const database = await openTemporaryDatabase()
  if (isPostgres(database.read)) return
  const settings = async () => {
    const { rows } = await sql<{ k: string; v: number }>`
      SELECT k, v FROM media_search_config WHERE k != 'version'`.execute(database.read)
    return rows
  }
  const items = (
    await database.write((trx) =>
      insertFiles(
        trx,
        Array.from({ length: MANY }, (_, index) => describeFile(index)),
      ),
    )
  ).map((file_id) => ({ file_id, name: 'Tower', tags: '[]', added_at: 1000 }))
  const failing = database.write(async (trx) => {
    await insertItems(trx, items)
    throw new Error('killed')
  })
  await expect(failing).rejects.toThrow('killed')
  expect(await settings()).toEqual([])
  await database.write((trx) => insertItems(trx, items))
  expect(await settings()).toEqual([{ k: 'hashsize', v: FTS5_HASH_BYTES }])
})
