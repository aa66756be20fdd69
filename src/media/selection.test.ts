import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { adjustCounts } from './rank.ts'
import { parseSearch } from './search.ts'
import { countSelected, findNewestId, readBatches, type Selection } from './selection.ts'

/** More than are read at a time. */
const COUNT = 25_000

/** Items of which only the ids and what searches find are real: each tenth is "ten". */
async function openLibrary() {
  const database = await openTemporaryDatabase()
  const ids = Array.from({ length: COUNT }, (_, index) => 2 * index + 1)
  await database.write(async (trx) => {
    await sql`INSERT INTO files VALUES (1, '', '', '', 0, 1, 1, 1, '', '', '', '')`.execute(trx)
    const list = JSON.stringify(ids)
    await sql`INSERT INTO media SELECT value, 1, 'x', '[]', 0 FROM json_each(${list})`.execute(trx)
    await sql`
      INSERT INTO media_search (rowid, grams)
      SELECT value, iif(value % 10 = 1, 'x ten', 'x') FROM json_each(${list})`.execute(trx)
    await adjustCounts(trx, ids, 1)
  })
  return { database, ids, tens: ids.filter((id) => id % 10 === 1) }
}

describe('a selection', () => {
  it('is the items it names, or those that match up to an id, in batches', async () => {
    const { database, ids, tens } = await openLibrary()
    const select = async (selection: Selection) => {
      const batches = await Array.fromAsync(readBatches(database.read, selection))
      for (const batch of batches) {
        expect(batch.length).toBeGreaterThan(0)
        expect(batch.length).toBeLessThanOrEqual(100)
      }
      const selected = batches.flat()
      expect(await countSelected(database.read, selection)).toBe(selected.length)
      return selected
    }
    const newest = await findNewestId(database.read)
    expect(newest).toBe(2 * COUNT - 1)

    expect(await select({ ids: [4, 9, 12] })).toEqual([4, 9, 12])
    expect(await select({ ids: ids.slice(0, 250) })).toEqual(ids.slice(0, 250))
    expect(await select({ terms: [], until: newest })).toEqual(ids)
    expect(await select({ terms: [], until: Number.MAX_SAFE_INTEGER })).toEqual(ids)
    expect(await select({ terms: [], until: 1001 })).toEqual(ids.filter((id) => id <= 1001))
    expect(await select({ terms: parseSearch('x'), until: newest })).toEqual(ids)
    expect(await select({ terms: parseSearch('ten'), until: newest })).toEqual(tens)
    expect(await select({ terms: parseSearch('ten X'), until: 1000 })).toEqual(
      tens.filter((id) => id <= 1000),
    )
    expect(await select({ terms: parseSearch('nine'), until: newest })).toEqual([])
  })

  it('of an empty library is empty', async () => {
    const { read } = await openTemporaryDatabase()
    expect(await findNewestId(read)).toBe(0)
    for (const terms of [[], ['x']]) {
      expect(await countSelected(read, { terms, until: 0 })).toBe(0)
      expect(await Array.fromAsync(readBatches(read, { terms, until: 0 }))).toEqual([])
    }
  })

  it('holds no state of the library, and nothing past its end', async () => {
    const { database, ids } = await openLibrary()
    const until = await findNewestId(database.read)
    const batches = readBatches(database.read, { terms: [], until })
    await batches.next()
    await database.write(async (trx) => {
      await sql`DELETE FROM media WHERE id = ${until}`.execute(trx)
      await sql`INSERT INTO media VALUES (${until + 2}, 1, 'x', '[]', 0)`.execute(trx)
    })
    expect((await Array.fromAsync(batches)).flat()).toEqual(ids.slice(100, -1))
  })
})
