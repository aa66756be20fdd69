import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { newKey } from '../storage/storage.ts'
import { insertFiles, insertItems, type NewFile } from './insert-many.ts'
import { countMedia } from './rank.ts'
import { matchingIds, parseSearch } from './search.ts'
import { listTags } from './tags.ts'

/** More than one statement takes. */
const MANY = 450

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

it('makes whole items of many at once, in their order', async () => {
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
  expect(await find('no 449')).toEqual([450])
})

it('makes nothing of nothing', async () => {
  const database = await openTemporaryDatabase()
  expect(await database.write((trx) => insertItems(trx, []))).toEqual([])
  expect(await countMedia(database.read)).toBe(0)
})
