import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { onPostgres } from '../../../test/postgres.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { adjustCounts } from '../list/rank.ts'
import { parseSearch } from '../list/search.ts'
import { countSelected, findNewestId, readSlices, type Selection } from './selection.ts'

/** More items than one slice holds. */
const COUNT = 25_000

const NONE: ReadonlySet<number> = new Set()
const ALL = { terms: [], except: NONE }

/** Items of which only the ids and the search entries are real. Ids that end in 1 match "ten". */
async function openLibrary() {
  const database = await openTemporaryDatabase()
  const ids = Array.from({ length: COUNT }, (_, index) => 2 * index + 1)
  await database.write(async (trx) => {
    await sql`INSERT INTO files VALUES (1, '', '', '', 0, 1, 1, 1, '', '', '', '', 1)`.execute(trx)
    for (let start = 0; start < COUNT; start += 5000) {
      const some = ids.slice(start, start + 5000)
      const rows = some.map((id) => ({ id, file_id: 1, name: 'x', tags: '[]', added_at: 0 }))
      await trx.insertInto('media').values(rows).execute()
    }
    const list = JSON.stringify(ids)
    await (onPostgres
      ? sql`
          INSERT INTO media_search (id, lines)
          SELECT value::bigint, CASE WHEN value::bigint % 10 = 1 THEN 'x ten' ELSE 'x' END
          FROM json_array_elements_text(${list}::json) AS value`
      : sql`
          INSERT INTO media_search (rowid, grams)
          SELECT value, iif(value % 10 = 1, 'x ten', 'x') FROM json_each(${list})`
    ).execute(trx)
    await adjustCounts(trx, ids, 1)
  })
  return { database, ids, tens: ids.filter((id) => id % 10 === 1) }
}

describe('a selection', () => {
  it('holds the items that it names, or those that match up to an id, in slices', async () => {
    const { database, ids, tens } = await openLibrary()
    const select = async (selection: Selection) => {
      const slices = await Array.fromAsync(readSlices(database.read, selection))
      for (const slice of slices) {
        expect(slice.length).toBeLessThanOrEqual(10_000)
      }
      const selected = slices.flat()
      expect(await countSelected(database.read, selection)).toBe(selected.length)
      return selected
    }
    const newest = await findNewestId(database.read)
    expect(newest).toBe(2 * COUNT - 1)

    expect(await select({ ids: [4, 9, 12] })).toEqual([4, 9, 12])
    expect(await select({ ids: ids.slice(0, 250) })).toEqual(ids.slice(0, 250))
    expect(await select({ ...ALL, until: newest })).toEqual(ids)
    expect(await select({ ...ALL, until: Number.MAX_SAFE_INTEGER })).toEqual(ids)
    expect(await select({ ...ALL, until: 1001 })).toEqual(ids.filter((id) => id <= 1001))
    expect(await select({ terms: parseSearch('x'), until: newest, except: NONE })).toEqual(ids)
    expect(await select({ terms: parseSearch('ten'), until: newest, except: NONE })).toEqual(tens)
    expect(await select({ terms: parseSearch('ten X'), until: 1000, except: NONE })).toEqual(
      tens.filter((id) => id <= 1000),
    )
    // Only exceptions that would have been selected count.
    const except = new Set([1, 2, 5, 11, 999, 1001, 40_001])
    const isMeant = (id: number) => id <= 1000 && !except.has(id)
    expect(await select({ terms: [], until: 1000, except })).toEqual(ids.filter(isMeant))
    expect(await select({ terms: parseSearch('ten'), until: 1000, except })).toEqual(
      tens.filter(isMeant),
    )
    const most = new Set(ids.slice(0, 10_000))
    expect(await select({ terms: [], until: newest, except: most })).toEqual(ids.slice(10_000))
    expect(await select({ terms: parseSearch('nine'), until: newest, except: NONE })).toEqual([])
  })

  it('of an empty library is empty', async () => {
    const { read } = await openTemporaryDatabase()
    expect(await findNewestId(read)).toBe(0)
    for (const terms of [[], ['x']]) {
      expect(await countSelected(read, { terms, until: 0, except: NONE })).toBe(0)
      expect(await Array.fromAsync(readSlices(read, { terms, until: 0, except: NONE }))).toEqual([])
    }
  })

  it('holds no snapshot of the library, and nothing past its end', async () => {
    const { database, ids } = await openLibrary()
    const until = await findNewestId(database.read)
    const slices = readSlices(database.read, { ...ALL, until })
    await slices.next()
    await database.write(async (trx) => {
      await sql`DELETE FROM media WHERE id = ${until}`.execute(trx)
      await sql`INSERT INTO media (id, file_id, name, tags, added_at)
        VALUES (${until + 2}, 1, 'x', '[]', 0)`.execute(trx)
    })
    expect((await Array.fromAsync(slices)).flat()).toEqual(ids.slice(10_000, -1))
  })
})
