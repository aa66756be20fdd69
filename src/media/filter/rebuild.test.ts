import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { insertItems } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { renewLease } from '../../storage/journal/lease.ts'
import { identifyProcess } from '../../storage/journal/owner.ts'
import { listTags } from '../tags.ts'
import { DERIVED, ensureDerived, isDerived } from './rebuild.ts'

/** A library with items, whose facets an earlier version has kept otherwise or not at all. */
async function openOlder() {
  const database = await openTemporaryDatabase()
  await insertItems(database, [
    { name: 'one', tags: ['red', 'Blue'] },
    { name: 'two', tags: ['RED'] },
    { name: 'three', tags: ['RED'] },
  ])
  const before = await readFacets(database)
  await database.write(async (trx) => {
    await trx.deleteFrom('facet_chunks').execute()
    await trx.updateTable('facets').set({ items: 9, live: 9, label: 'wrong' }).execute()
    await trx.updateTable('tags').set({ key: '' }).execute()
  })
  return { database, before }
}

const readFacets = ({ read }: Database) =>
  read
    .selectFrom('facets')
    .innerJoin('facet_chunks', 'facet_id', 'id')
    .select(['kind', 'value', 'items', 'live', 'label', 'folded', 'chunk', 'bits'])
    .orderBy('kind')
    .orderBy('value')
    .execute()

const readLibrary = ({ read }: Database) =>
  read.selectFrom('library').select(['version', 'derived', 'deriver']).executeTakeFirstOrThrow()

async function enter(database: Database, changes: { pid?: number; started?: string } = {}) {
  const id = randomUUID()
  await renewLease(database, { id, ...(await identifyProcess()), ...changes })
  return id
}

it('marks a new library as built', async () => {
  const database = await openTemporaryDatabase()
  expect(await isDerived(database.read)).toBe(false)
  let built = 0
  await ensureDerived(database, await enter(database), async () => {
    built += 1
  })
  expect(await readLibrary(database)).toMatchObject({ derived: DERIVED, deriver: null })
  expect(built).toBe(0)
})

it('builds facets from the items, keys of tags, and orders', async () => {
  const { database, before } = await openOlder()
  const { version } = await readLibrary(database)
  let built = 0
  const build = async () => {
    built += 1
  }
  const owner = await enter(database)
  await ensureDerived(database, owner, build)
  await ensureDerived(database, owner, build)
  expect(built).toBe(1)
  expect(await readFacets(database)).toEqual(before)
  expect(await readLibrary(database)).toEqual({ version, derived: DERIVED, deriver: null })
  expect(await listTags(database.read, { search: '', limit: 9 })).toEqual({
    tags: [
      { tag: 'RED', count: 3 },
      { tag: 'Blue', count: 1 },
    ],
    total: 2,
  })
})

it('raises the version where clients may have lists of an earlier form', async () => {
  const { database } = await openOlder()
  const { version } = await readLibrary(database)
  await database.write((trx) => trx.updateTable('library').set({ derived: -1 }).execute())
  await ensureDerived(database, await enter(database))
  expect(await readLibrary(database)).toMatchObject({ version: version + 1, derived: DERIVED })
})

it('is done by one process while others wait', async () => {
  const { database, before } = await openOlder()
  const builders: string[] = []
  const [one, other] = [await enter(database), await enter(database)]
  await Promise.all(
    [one, other].map((owner) =>
      ensureDerived(database, owner, async () => {
        builders.push(owner)
        expect(await isDerived(database.read)).toBe(false)
      }),
    ),
  )
  expect(builders).toHaveLength(1)
  expect(await readFacets(database)).toEqual(before)
})

it('begins anew after the process that did it is gone, and after a failure', async () => {
  const { database, before } = await openOlder()
  // A start time that this process never had.
  const gone = await enter(database, { started: '1' })
  await database.write((trx) => trx.updateTable('library').set({ deriver: gone }).execute())
  const owner = await enter(database)
  const failing = ensureDerived(database, owner, async () => {
    throw new Error('The disk is full.')
  })
  await expect(failing).rejects.toThrow('The disk is full.')
  expect(await readLibrary(database)).toMatchObject({ derived: 0, deriver: owner })
  await ensureDerived(database, owner)
  expect(await readFacets(database)).toEqual(before)
  expect(await isDerived(database.read)).toBe(true)
})

it('is refused where the library cannot be written', async () => {
  const { database } = await openOlder()
  const writable = ensureDerived({ ...database, isReadOnly: true }, randomUUID())
  await expect(writable).rejects.toMatchObject({ code: 'database-older' })
})
