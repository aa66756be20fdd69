import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import type { Library } from '../library.ts'
import { readVersion } from '../library-state.ts'
import { cleanSome } from './clean.ts'
import { cleanAll, createCleaner } from './cleaner.ts'
import { collectItems } from './collect-items.ts'
import { listCollections } from './collection.ts'
import { add, readMemberships, readOrder, refusalOf } from './collections.fixture.ts'
import { deleteCollection, MAX_AT_ONCE } from './delete-collection.ts'

let database: Database
beforeEach(async () => {
  database = await openTemporaryDatabase()
})

const names = async () => (await listCollections(database.read)).map(({ name }) => name)
const rows = () => database.read.selectFrom('collections').select(['id', 'deleted']).execute()
const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const fill = (count: number) =>
  fillDatabase(
    database,
    ids(count).map((id) => ({ name: `Item ${id}` })),
  )
const collect = (items: number[], ...collections: number[]) =>
  collectItems(database, items, { add: collections, remove: [] })

describe('deleting a collection', () => {
  it('takes its items out, which stay, and so do their revisions', async () => {
    await fill(3)
    const [a, b] = [await add(database, 'A'), await add(database, 'B')]
    await collect([1, 2, 3], a)
    await collect([2], b)
    const { version } = await readVersion(database.read)
    expect(await deleteCollection(database, a)).toMatchObject({
      isClean: true,
      collection: { id: a, name: 'A' },
    })
    expect(await readMemberships(database)).toEqual({ 1: ['r2'], 2: [b, 'r3'], 3: ['r2'] })
    expect((await readVersion(database.read)).version).toBe(version + 1)
    expect(await rows()).toEqual([{ id: b, deleted: 0 }])
    expect(await readOrder(database, a)).toEqual([])
    expect(await refusalOf(deleteCollection(database, a))).toMatch(/^404 Collection not found/)
    const { json } = await database.read
      .selectFrom('media_json')
      .select('json')
      .where('id', '=', 2)
      .executeTakeFirstOrThrow()
    expect(JSON.parse(json).collections).toEqual([b])
  })

  it('takes those below it along only if that is said', async () => {
    await fill(2)
    const a = await add(database, 'A')
    const b = await add(database, 'B', { parent: a })
    const c = await add(database, 'C', { parent: b })
    await add(database, 'D')
    await collect([1, 2], b, c)
    expect(await refusalOf(deleteCollection(database, a))).toMatch(
      /^409 Collection not empty: Collection \d has 2 collections below it/,
    )
    expect(await names()).toEqual(['A', 'B', 'C', 'D'])
    await deleteCollection(database, a, { isRecursive: true })
    expect(await names()).toEqual(['D'])
    expect(await readMemberships(database)).toEqual({ 1: ['r2'], 2: ['r2'] })
  })
})

describe('a deleted collection of very many items', () => {
  /** Two collections of all items, of which the first is deleted. */
  async function deleteLarge() {
    await fill(MAX_AT_ONCE + 1)
    const [a, b] = [await add(database, 'A'), await add(database, 'B')]
    await collect(ids(MAX_AT_ONCE + 1), a, b)
    const { isClean } = await deleteCollection(database, a)
    expect(isClean).toBe(false)
    return { a, b }
  }

  const countWith = async (id: number) => {
    const all = await readMemberships(database)
    return Object.values(all).filter((it) => JSON.stringify(it).includes(`${id},`)).length
  }

  it('is hidden at once, and then removed from its items batch by batch', async () => {
    const { a, b } = await deleteLarge()
    expect(await names()).toEqual(['B'])
    expect(await countWith(a)).toBe(MAX_AT_ONCE + 1)
    expect(await cleanSome(database, a, 500)).toBe(true)
    expect(await countWith(a)).toBe(MAX_AT_ONCE - 499)
    // Not a deleted one: nothing is taken out of it.
    expect(await cleanSome(database, b, 500)).toBe(false)
    await cleanAll(database)
    expect(await countWith(a)).toBe(0)
    expect(await countWith(b)).toBe(MAX_AT_ONCE + 1)
    expect(await rows()).toEqual([{ id: b, deleted: 0 }])
    expect(await readOrder(database, b)).toEqual(ids(MAX_AT_ONCE + 1))
    expect((await readMemberships(database))[7]).toEqual([b, 'r2'])
  })

  function startCleaner(owner: string) {
    const failures: unknown[] = []
    const writes: Promise<unknown>[] = []
    const watched: Database = {
      ...database,
      write(work) {
        const done = database.write(work)
        writes.push(done)
        return done
      },
    }
    const log = { error: (failure: unknown) => failures.push(failure) }
    const cleaner = createCleaner({
      database: watched,
      journal: { owner },
      log,
    } as unknown as Library)
    onTestFinished(() => cleaner.stop())
    cleaner.start()
    return { ...cleaner, failures, writes }
  }

  const enlist = (id: string, lease_until: number) =>
    database.write((trx) =>
      trx
        .insertInto('owners')
        .values({ id, host: 'here', pid: 1, started: '1', lease_until })
        .execute(),
    )

  const claim = (cleaner: string) =>
    database.write((trx) =>
      trx.updateTable('collections').set({ cleaner }).where('deleted', '=', 1).execute(),
    )

  it('is cleaned by a process that starts later, if the first one is gone', async () => {
    const { a, b } = await deleteLarge()
    await enlist('gone', 1)
    await claim('gone')
    const { failures } = startCleaner('mine')
    await expect.poll(rows, { timeout: 30_000 }).toEqual([{ id: b, deleted: 0 }])
    expect(await countWith(a)).toBe(0)
    expect(failures).toEqual([])
  })

  it('is left to another process that is at work, until that one ends', async () => {
    const { a, b } = await deleteLarge()
    await enlist('other', Date.now() + 3_600_000)
    await claim('other')
    const cleaner = startCleaner('mine')
    // It asks once whether it may begin.
    await expect.poll(() => cleaner.writes.length).toBe(1)
    await Promise.all(cleaner.writes)
    await cleaner.stop()
    expect(cleaner.writes).toHaveLength(1)
    expect(await countWith(a)).toBe(MAX_AT_ONCE + 1)
    await database.write((trx) => trx.deleteFrom('owners').execute())
    startCleaner('third')
    await expect.poll(rows, { timeout: 30_000 }).toEqual([{ id: b, deleted: 0 }])
  })

  it('is released when the process stops midway', async () => {
    const { a } = await deleteLarge()
    await enlist('mine', Date.now() + 3_600_000)
    const cleaner = startCleaner('mine')
    await expect.poll(() => countWith(a), { timeout: 30_000 }).toBeLessThan(MAX_AT_ONCE)
    await cleaner.stop()
    const [first] = await database.read
      .selectFrom('collections')
      .select(['cleaner', 'deleted'])
      .where('id', '=', a)
      .execute()
    // Unless all was done by then.
    if (first) expect(first).toEqual({ cleaner: null, deleted: 1 })
  })
})
