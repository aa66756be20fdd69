import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { fillDatabase } from '../../../test/fill-library.ts'
import { onPostgres } from '../../../test/postgres.ts'
import { openTemporaryDatabase } from '../../../test/temporary-database.ts'
import type { Database } from '../../database/database.ts'
import { createPace } from '../../database/pace.ts'
import { matchingIds, parseSearch } from '../list/search.ts'
import { createIndexMerger, withoutMerging } from './merge-index.ts'
import { retagItems } from './retag.ts'

const COUNT = 40

async function countSegments({ read }: Database): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(DISTINCT segid) AS count FROM media_search_idx`.execute(read)
  return rows[0]?.count ?? 0
}

async function countMatches({ read }: Database, search: string): Promise<number> {
  return (await matchingIds(read, parseSearch(search)).execute(read)).rows.length
}

const items = Array.from({ length: COUNT }, (_, index) => ({ name: `Item ${index}`, tags: ['a'] }))

it('each batch of long work writes the search index once, however many items it has', async () => {
  const database = await openTemporaryDatabase()
  await fillDatabase(database, items)
  if (onPostgres) return
  const before = await countSegments(database)
  const ids = Array.from({ length: COUNT }, (_, index) => index + 1)
  await retagItems(withoutMerging(database), ids, { add: ['b'], remove: [] })
  expect(await countSegments(database)).toBe(before + 1)
  expect(await countMatches(database, 'b')).toBe(COUNT)
})

it('no transaction of long work merges, and merging between them changes no search result', async () => {
  const database = await openTemporaryDatabase()
  await fillDatabase(database, items)
  if (!onPostgres) {
    await database.write((trx) =>
      sql`INSERT INTO media_search (media_search) VALUES ('optimize')`.execute(trx),
    )
  }
  const quiet = withoutMerging(database)
  for (let id = 1; id <= 12; id++) await retagItems(quiet, [id], { add: ['new'], remove: ['a'] })
  const counts = async () => [
    await countMatches(database, 'new'),
    await countMatches(database, 'a'),
  ]
  expect(await counts()).toEqual([12, COUNT - 12])
  if (onPostgres) return
  const before = await countSegments(database)
  expect(before).toBe(13)
  const merger = createIndexMerger(createPace(database))
  for (let round = 0; round < 5; round++) await merger.merge()
  await merger.close()
  expect(await countSegments(database)).toBeLessThan(before / 2)
  expect(await counts()).toEqual([12, COUNT - 12])

  // Other transactions still merge, by FTS5's default.
  const { rows } = await sql<{ v: number }>`
    SELECT v FROM media_search_config WHERE k = 'automerge'`.execute(database.read)
  expect(rows).toEqual([{ v: 4 }])
})

it('merging leaves the process free, waits while a transaction writes, and ends with its thread', async () => {
  if (onPostgres) return
  const database = await openTemporaryDatabase()
  await fillDatabase(database, items)
  const merger = createIndexMerger(createPace(database))
  await merger.merge()
  let merging: Promise<void> | undefined
  let isDone = false
  await database.write(async () => {
    merging = merger.merge().then(() => {
      isDone = true
    })
    // Reads are answered while it waits for this transaction.
    for (let read = 0; read < 100; read++) expect(await countMatches(database, 'a')).toBe(COUNT)
    expect(isDone).toBe(false)
  })
  await merging
  await merger.close()
  await merger.close()
  await expect(merger.merge()).rejects.toThrow('has ended')
})
