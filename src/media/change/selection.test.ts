import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { onPostgres } from '../../../test/postgres.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { adjustCounts } from '../list/rank.ts'
import { parseSearch } from '../list/search.ts'
import { pairStates, readStates, updateDerived } from './derived.ts'
import { openSelection, type Selection } from './selection.ts'

/** More items than one slice holds. */
const COUNT = 25_000

const NONE: ReadonlySet<number> = new Set()
const ALL = { terms: [], except: NONE }

/** Items of which only the ids and the search entries are real. Ids that end in 1 match "ten". */
async function openLibrary() {
  const database = await openTemporaryDatabase()
  const ids = Array.from({ length: COUNT }, (_, index) => 2 * index + 1)
  await database.write(async (trx) => {
    await sql`INSERT INTO files VALUES (1, '', '', '', 0, 1, 1, 1, '', '', '', '', 1, NULL, NULL)`.execute(
      trx,
    )
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
      const { total, slices: found } = await openSelection(database.read, selection)
      const slices = await Array.fromAsync<readonly number[]>(found)
      for (const slice of slices) {
        expect(slice.length).toBeLessThanOrEqual(10_000)
      }
      const selected = slices.flat()
      expect(total).toBe(selected.length)
      return selected
    }
    const newest = 2 * COUNT - 1

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
    for (const filter of [undefined, { tag: ['x'] }]) {
      for (const terms of [[], ['x']]) {
        const { total, slices } = await openSelection(read, {
          terms,
          filter,
          until: 9,
          except: NONE,
        })
        expect(total).toBe(0)
        expect((await Array.fromAsync<readonly number[]>(slices)).flat()).toEqual([])
      }
    }
  })

  it('by a filter holds the items that match it and the search, up to an id', async () => {
    const database = await openTemporaryDatabase()
    await fillDatabase(
      database,
      Array.from({ length: 60 }, (_, index) => ({
        name: index % 3 === 0 ? 'Tower' : 'Bridge',
        tags: index % 2 === 0 ? ['Red'] : ['blue'],
      })),
    )
    const trashed = [1, 2, 3, 7, 13, 19, 59]
    await database.write(async (trx) => {
      const before = await readStates(trx, trashed)
      await sql`UPDATE media SET trashed_at = 5 WHERE id IN (${sql.join(trashed)})`.execute(trx)
      await updateDerived(trx, pairStates(before, await readStates(trx, trashed)))
    })
    const ids = Array.from({ length: 60 }, (_, index) => index + 1)
    const isRed = (id: number) => id % 2 === 1
    const isTower = (id: number) => id % 3 === 1
    const select = async (selection: Partial<Selection>) => {
      const { total, slices } = await openSelection(database.read, {
        terms: [],
        until: 100,
        except: NONE,
        ...selection,
      })
      const selected = (await Array.fromAsync<readonly number[]>(slices)).flat()
      expect(total).toBe(selected.length)
      return selected
    }
    const live = ids.filter((id) => !trashed.includes(id))
    const red = { tag: ['red'] }
    expect(await select({ filter: red })).toEqual(live.filter(isRed))
    expect(await select({ filter: red, until: 21, except: new Set([1, 9, 60]) })).toEqual(
      live.filter((id) => isRed(id) && id <= 21 && id !== 9),
    )
    const towers = { filter: red, terms: parseSearch('tow') }
    expect(await select(towers)).toEqual(live.filter((id) => isRed(id) && isTower(id)))
    expect(await select({ ...towers, until: 30, except: new Set([25]) })).toEqual(
      live.filter((id) => isRed(id) && isTower(id) && id <= 30 && id !== 25),
    )
    const trash = { filter: { ...red, in: 'trash' as const } }
    expect(await select(trash)).toEqual(trashed.filter(isRed))
    expect(await select({ ...trash, terms: parseSearch('TOWER red') })).toEqual([1, 7, 13, 19])
    expect(await select({ ...trash, terms: parseSearch('tower bridge') })).toEqual([])
  })

  it('holds no snapshot of the library, and nothing past its end', async () => {
    const { database, ids } = await openLibrary()
    const until = 2 * COUNT - 1
    const { slices } = await openSelection(database.read, { ...ALL, until })
    const selected: number[] = []
    for await (const slice of slices) {
      if (selected.length === 0) {
        await database.write(async (trx) => {
          await sql`DELETE FROM media WHERE id = ${until}`.execute(trx)
          await sql`INSERT INTO media (id, file_id, name, tags, added_at)
            VALUES (${until + 2}, 1, 'x', '[]', 0)`.execute(trx)
        })
      }
      selected.push(...slice)
    }
    expect(selected).toEqual(ids.slice(0, -1))
  })
})
