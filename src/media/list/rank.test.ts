import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { createStateReader } from '../library-state.ts'
import { findFirst } from './list.ts'
import { createListReader } from './list-reader.ts'
import { adjustCounts, countMedia, findRank } from './rank.ts'

/** Ids within one small block, in two of them, and in several large ones. */
const IDS = [1, 2, 1023, 1024, 1025, 5000, 1048575, 1048576, 1048577, 2097152, 9007199254740991]

describe('ranks', () => {
  it('lead to the item with that many items before it, in blocks near and far', async () => {
    const database = await openTemporaryDatabase()
    await database.write((trx) => insert(trx, IDS))
    expect(await countMedia(database.read)).toBe(IDS.length)
    for (const [rank, id] of IDS.entries()) {
      expect(await findIdAtRank(database, rank)).toBe(id)
      expect(await findRank(database.read, id)).toBe(rank)
    }
    expect(await findIdAtRank(database, IDS.length)).toBe(0)
    expect(await findRank(database.read, 1026)).toBe(5)
    expect(await findRank(database.read, Number.MAX_SAFE_INTEGER + 1)).toBe(IDS.length)
  })

  it('close up when items are removed', async () => {
    const database = await openTemporaryDatabase()
    const gone = [1, 1024, 1025, 1048576, 9007199254740991]
    await database.write(async (trx) => {
      await insert(trx, IDS)
      await trx.deleteFrom('media').where('id', 'in', gone).execute()
      await adjustCounts(trx, gone, -1)
    })
    const left = IDS.filter((id) => !gone.includes(id))
    expect(await countMedia(database.read)).toBe(left.length)
    for (const [rank, id] of left.entries()) {
      expect(await findIdAtRank(database, rank)).toBe(id)
      expect(await findRank(database.read, id)).toBe(rank)
    }
  })

  it('follow from the ids in a block that has lost no item', async () => {
    const database = await openTemporaryDatabase()
    const ids = Array.from({ length: 1024 }, (_, index) => 1024 + index)
    await database.write((trx) => insert(trx, [3, ...ids, 5000]))
    for (const [rank, id] of [3, ...ids, 5000].entries()) {
      if (rank % 100 < 2 || rank > 1022) expect(await findIdAtRank(database, rank)).toBe(id)
    }
  })

  it('of an empty library lead nowhere', async () => {
    const database = await openTemporaryDatabase()
    expect(await countMedia(database.read)).toBe(0)
    expect(await findIdAtRank(database, 0)).toBe(0)
    expect(await findRank(database.read, 1)).toBe(0)
  })
})

/** The id of the item that has `rank` items before it; 0 if there is none. */
async function findIdAtRank(database: Database, rank: number): Promise<number> {
  const source = createListReader(database, createStateReader(database)).within(database.read)
  const total = await countMedia(database.read)
  const query = { order: 'added-asc' as const, limit: 1, offset: rank, terms: [] }
  return findFirst(source, query, { total, max: 0, from: 0, to: 0 })
}

async function insert(trx: Queries, ids: readonly number[]) {
  const file = { sha256: '', key: '', type: '', size: 0, width: 1, height: 1, frames: 1 }
  const shown = { thumbhash: '', color: '', scaled_digest: '', high_digest: '' }
  await trx
    .insertInto('files')
    .values({ id: 1, ...file, ...shown })
    .execute()
  await trx
    .insertInto('media')
    .values(ids.map((id) => ({ id, file_id: 1, name: 'x', tags: '[]', added_at: 0 })))
    .execute()
  await adjustCounts(trx, ids, 1)
}
