import { describe, expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import { removeItems } from '../change/remove.ts'
import type { Library } from '../library.ts'
import { emptyTrash } from './purge.ts'
import { restoreItems, trashItems } from './trash.ts'

/** A library whose files nobody looks at. */
async function makeLibrary(count: number) {
  const database = await openTemporaryDatabase()
  await fillDatabase(
    database,
    Array.from({ length: count }, (_, index) => ({ name: `Item ${index}` })),
  )
  const parts = {
    database,
    renders: { end: async () => {} },
    journal: { condemn: async () => [], removeCondemned: async () => {} },
  }
  return parts as unknown as Library
}

const idsOf = async ({ database }: Library) =>
  (await database.read.selectFrom('media').select('id').orderBy('id').execute()).map(({ id }) => id)

describe('emptying the trash', () => {
  it('deletes what was moved there before a time, and nothing else', async () => {
    const library = await makeLibrary(60)
    const ids = Array.from({ length: 50 }, (_, index) => index + 1)
    await trashItems(library.database, ids)
    const set = (id: number, trashed_at: number) =>
      library.database.write((trx) =>
        trx.updateTable('media').set({ trashed_at }).where('id', '=', id).execute(),
      )
    for (const id of ids) await set(id, id)
    const counts: number[] = []
    expect(await emptyTrash(library, 41, { advance: (count) => counts.push(count) })).toBe(40)
    expect(counts.length).toBeGreaterThan(1)
    expect(await idsOf(library)).toEqual(Array.from({ length: 20 }, (_, index) => 41 + index))
  })

  it('leaves an item that was restored after it was found', async () => {
    const library = await makeLibrary(3)
    await trashItems(library.database, [1, 2])
    await restoreItems(library.database, [2])
    const failed = await removeItems(library, [1, 2, 3], undefined, { trashedBefore: Infinity })
    expect(failed.map(({ id }) => id)).toEqual([2, 3])
    expect(await idsOf(library)).toEqual([2, 3])
  })

  it('ends at the signal', async () => {
    const library = await makeLibrary(30)
    await trashItems(
      library.database,
      Array.from({ length: 30 }, (_, index) => index + 1),
    )
    const stop = new AbortController()
    const advance = () => stop.abort()
    const count = await emptyTrash(library, Number.MAX_SAFE_INTEGER, {
      signal: stop.signal,
      advance,
    })
    expect(count).toBeGreaterThan(0)
    expect(await idsOf(library)).toHaveLength(30 - count)
  })
})
