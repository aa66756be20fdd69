import { beforeEach, describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { readVersion } from '../library-state.ts'
import { changeCollection, MAX_COLLECTIONS } from './change-collection.ts'
import { listCollections } from './collection.ts'
import { type CollectionPatch, readCollectionPatch } from './collection-fields.ts'
import { add, refusalOf } from './collections.fixture.ts'

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
})

const change = (id: number, patch: CollectionPatch) =>
  refusalOf(changeCollection(database, id, readCollectionPatch(patch)))

const tree = async () =>
  (await listCollections(database.read)).map(({ name, parent }) => [name, parent])

const names = async () => (await listCollections(database.read)).map(({ name }) => name)

const versionOf = async () => (await readVersion(database.read)).version

describe('the names of collections', () => {
  it('differ from those of their siblings, whatever the case', async () => {
    const top = await add(database, 'Straße')
    expect(await refusalOf(add(database, 'STRASSE'))).toMatch(/^409 Name taken: .*"STRASSE"/)
    expect(await refusalOf(add(database, ' straße '))).toMatch(/^409 Name taken/)
    const below = await add(database, 'STRASSE', { parent: top })
    expect(await refusalOf(add(database, 'strasse', { parent: top }))).toMatch(/^409/)
    expect(await change(below, { parent: null })).toMatch(/^409/)
    expect(await change(below, { parent: null, name: 'Strasse 2' })).toMatchObject({ parent: null })
    expect(await change(below, { name: 'straße' })).toMatch(/^409/)
    expect(await change(top, { name: 'STRASSE' })).toMatchObject({ name: 'STRASSE' })
    expect(await add(database, 'Étude')).toBeGreaterThan(0)
    expect(await add(database, 'Etude')).toBeGreaterThan(0)
    expect(await refusalOf(add(database, 'e\u0301tude'))).toMatch(/^409/)
  })

  it('are free again after a deletion that is still being worked on', async () => {
    const id = await add(database, 'Old')
    await database.write((trx) =>
      trx.updateTable('collections').set({ deleted: 1 }).where('id', '=', id).execute(),
    )
    const next = await add(database, 'old')
    expect(next).toBeGreaterThan(id)
    expect(await names()).toEqual(['old'])
    expect(await change(id, { name: 'x' })).toMatch(/^404 Collection not found/)
    expect(await refusalOf(add(database, 'x', { parent: id }))).toMatch(/^404/)
  })
})

describe('the tree of collections', () => {
  it('is at most eight levels deep, also after a move of several levels', async () => {
    const line: number[] = []
    for (let level = 1; level <= 8; level += 1) {
      const parent = line.at(-1) ?? null
      line.push(await add(database, `Level ${level}`, { parent }))
    }
    expect(await refusalOf(add(database, 'Too deep', { parent: line.at(-1) ?? null }))).toBe(
      '400 Invalid parameters: parent is 8; below it, collections would be 9 levels deep, and 8 are allowed.',
    )
    const other = await add(database, 'Other')
    await add(database, 'Below', { parent: other })
    expect(await change(other, { parent: line[6] ?? null })).toMatch(/^400 .* 9 levels deep/)
    expect(await change(other, { parent: line[5] ?? null })).toMatchObject({ parent: line[5] })
  })

  it('has no collection below itself', async () => {
    const a = await add(database, 'A')
    const b = await add(database, 'B', { parent: a })
    const c = await add(database, 'C', { parent: b })
    for (const parent of [a, b, c]) {
      expect(await change(a, { parent })).toMatch(/^400 Invalid parameters: parent is \d, which is/)
    }
    const version = await versionOf()
    expect(await change(c, { parent: 77 })).toMatch(/^404 Collection not found/)
    expect(await versionOf()).toBe(version)
    expect(await change(c, { parent: a })).toMatchObject({ id: c, parent: a })
    expect(await change(b, { parent: c })).toMatchObject({ id: b, parent: c })
    expect(await tree()).toEqual([
      ['A', null],
      ['C', a],
      ['B', c],
    ])
  })

  it('has nothing below a saved search', async () => {
    const search = await add(database, 'Search', { query: 'search=x' })
    const other = await add(database, 'Other')
    expect(await refusalOf(add(database, 'Below', { parent: search }))).toMatch(
      /^400 .*saved search/,
    )
    expect(await change(other, { parent: search })).toMatch(/^400 .*saved search/)
    expect(await change(search, { parent: other })).toMatchObject({
      parent: other,
      count: null,
      query: 'search=x',
    })
  })

  it('has a limited number of collections', async () => {
    await database.write(async (trx) => {
      for (let start = 0; start < MAX_COLLECTIONS - 1; start += 1111) {
        const rows = Array.from(
          { length: Math.min(1111, MAX_COLLECTIONS - 1 - start) },
          (_, index) => ({
            name: `N ${start + index}`,
            folded: `n ${start + index}`,
            position: start + index,
          }),
        )
        await trx.insertInto('collections').values(rows).execute()
      }
    })
    await add(database, 'Last')
    expect(await refusalOf(add(database, 'One more'))).toMatch(/^409 Too many collections/)
    const all = await names()
    expect(all).toHaveLength(MAX_COLLECTIONS)
    expect([all[0], all.at(-1)]).toEqual(['N 0', 'Last'])
  })
})

describe('the order of siblings', () => {
  it('is that of their making, until one is moved', async () => {
    const [a, b, c, d] = [
      await add(database, 'A'),
      await add(database, 'B'),
      await add(database, 'C'),
      await add(database, 'D'),
    ]
    await change(d, { after: null })
    expect(await names()).toEqual(['D', 'A', 'B', 'C'])
    await change(a, { after: c })
    expect(await names()).toEqual(['D', 'B', 'C', 'A'])
    await change(b, { after: a })
    expect(await names()).toEqual(['D', 'C', 'A', 'B'])
    await change(c, { parent: a })
    await change(d, { parent: a, after: null })
    await change(b, { parent: a, after: d })
    expect(await tree()).toEqual([
      ['A', null],
      ['D', a],
      ['B', a],
      ['C', a],
    ])
    await change(b, { parent: null })
    expect(await names()).toEqual(['A', 'D', 'C', 'B'])
    expect(await change(b, { after: d })).toMatch(/^400 Invalid parameters: after is \d/)
    expect(await change(b, { after: b })).toMatch(/^400/)
    expect(await change(b, { after: 77 })).toMatch(/^404/)
  })

  it('stays right when the gaps are used up', async () => {
    const ids: number[] = []
    for (const name of 'abcdefgh') ids.push(await add(database, name))
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    for (let step = 0; step < 150; step += 1) {
      const [id] = ids.splice(random(ids.length), 1)
      // Nearly always into the same gap.
      const place = random(10) === 0 ? random(ids.length + 1) : 1
      if (id === undefined) throw new Error('There is none.')
      await change(id, { after: ids[place - 1] ?? null })
      ids.splice(place, 0, id)
    }
    expect((await listCollections(database.read)).map(({ id }) => id)).toEqual(ids)
  })
})

describe('a change of a collection', () => {
  it('changes what it names alone, and raises the version only if something differs', async () => {
    await fillDatabase(database, [{ name: 'Cover' }])
    const id = await add(database, 'A')
    const version = await versionOf()
    const full = { name: 'A', description: 'One\nline', cover: 1 }
    expect(await change(id, { description: ' One\r\nline ', cover: 1 })).toMatchObject(full)
    expect(await versionOf()).toBe(version + 1)
    for (const patch of [{}, full, { parent: null }, { after: null }]) {
      expect(await change(id, patch)).toMatchObject(full)
    }
    expect(await versionOf()).toBe(version + 1)
    expect(await change(id, { description: null, cover: null })).toMatchObject({
      description: null,
      cover: null,
    })
    expect(await change(id, { cover: 2 })).toMatch(/^400 Invalid parameters: cover is 2/)
  })

  it('shows no cover that is in the trash or deleted, and loses none by the trash', async () => {
    await fillDatabase(database, [{ name: 'Cover' }])
    const id = await add(database, 'A')
    await change(id, { cover: 1 })
    const trash = (trashed_at: number | null) =>
      database.write((trx) => trx.updateTable('media').set({ trashed_at }).execute())
    await trash(1)
    expect(await change(id, { name: 'B' })).toMatchObject({ cover: null })
    expect(await change(id, { cover: 1 })).toMatch(/^400/)
    await trash(null)
    expect(await listCollections(database.read)).toMatchObject([{ name: 'B', cover: 1 }])
    await database.write((trx) => trx.deleteFrom('media').execute())
    expect(await listCollections(database.read)).toMatchObject([{ name: 'B', cover: null }])
  })
})
