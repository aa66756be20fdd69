import type { ChildProcess } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { openDatabase } from '../src/database/open.ts'
import { countWrongDoubles } from '../src/media/alike/doubles.ts'
import { isDerived } from '../src/media/filter/rebuild.ts'
import { tallyTags } from '../src/media/tags.ts'
import { findWrongFacets } from '../src/upkeep/check-facets.ts'
import { hashObjects, onS3 } from './library-storage.ts'
import { locateDatabase, onPostgres } from './postgres.ts'

/** The contents of a library, read directly and not through the server. */
export interface Stock {
  /** Ids of the items, ascending, without those in the trash. */
  media: number[]
  /** Ids of the items in the trash, ascending. */
  trashed: number[]
  /** SHA-256 by storage key: according to the rows, and of the objects in storage. */
  named: Record<string, string>
  stored: Record<string, string>
  /** Of all derived images that are kept within the limit. */
  renditionBytes: number
  /** Keys in the journal. */
  journal: string[]
  /** Paths in the temporary folder, except the folders of live processes themselves. */
  temporary: string[]
}

export async function takeStock(data: string): Promise<Stock> {
  const database = await openDatabase(await locateDatabase(data))
  const { read } = database
  try {
    const media = await read
      .selectFrom('media')
      .select(['id', 'trashed_at'])
      .orderBy('id')
      .execute()
    const [live, trashed] = [true, false].map((isLive) =>
      media.filter(({ trashed_at }) => (trashed_at === null) === isLive).map(({ id }) => id),
    )
    const ids = live ?? []
    const shown = await read.selectFrom('media_json').select('id').orderBy('id').execute()
    expect(shown.map(({ id }) => id)).toEqual(ids)
    // The search index, counts and tags are derived from the items and must match them.
    const { rows: indexed } = await sql<{ id: number }>`
      SELECT ${sql.ref(onPostgres ? 'id' : 'rowid')} AS id FROM media_search ORDER BY 1`.execute(
      read,
    )
    expect(indexed.map(({ id }) => id)).toEqual(ids)
    const counts = await read
      .selectFrom('media_counts')
      .select((row) => ['level', row.fn.sum<number>('count').as('items')])
      .groupBy('level')
      .execute()
    for (const { items } of counts) expect(items).toBe(ids.length)
    expect(counts.length).toBe(ids.length > 0 ? 2 : counts.length)
    const tags = await read.selectFrom('tags').select(['tag', 'count']).execute()
    expect(new Map(tags.map(({ tag, count }) => [tag, count]))).toEqual(await tallyTags(read))
    expect(await database.snapshot(countWrongDoubles)).toBe(0)
    if (await isDerived(read))
      expect(await database.snapshot((trx) => findWrongFacets(trx))).toEqual([])
    const files = await read
      .selectFrom('files')
      .select(['key', 'sha256'])
      .unionAll(read.selectFrom('variants').select(['key', 'sha256']))
      .unionAll(read.selectFrom('renditions').select(['key', 'sha256']))
      .execute()
    const library = await read
      .selectFrom('library')
      .select('rendition_bytes')
      .executeTakeFirstOrThrow()
    const renditions = await read.selectFrom('renditions').select('size').execute()
    const renditionBytes = renditions.reduce((sum, { size }) => sum + size, 0)
    expect(Number(library.rendition_bytes)).toBe(renditionBytes)
    const journal = await read.selectFrom('journal').select('key').execute()
    return {
      media: ids,
      trashed: trashed ?? [],
      named: Object.fromEntries(files.map(({ key, sha256 }) => [key, sha256])),
      renditionBytes,
      journal: journal.map(({ key }) => key),
      stored: await hashStored(data),
      temporary: await findTemporary(data),
    }
  } finally {
    await database.close()
  }
}

/**
 * Expects every row to have its whole file, every file to have its row, and no temporary files. Holds only
 * while no request is running.
 */
export async function expectConsistent(data: string): Promise<Stock> {
  const stock = await takeStock(data)
  expect(stock.stored).toEqual(stock.named)
  expect(stock.temporary).toEqual([])
  return stock
}

/**
 * As `expectConsistent`, after the process that removed objects has deleted their journal entries, which
 * takes a moment.
 */
export async function expectSettled(data: string): Promise<Stock> {
  await expect.poll(async () => (await takeStock(data)).journal, { timeout: 10_000 }).toEqual([])
  return expectConsistent(data)
}

const STRUCK_OFF_POLL_MS = 100

/**
 * Waits until no journal entry has an owner that is still at work.
 * @returns false if the server ended before that
 */
export async function awaitStruckOff(data: string, server: ChildProcess): Promise<boolean> {
  const database = await openDatabase(await locateDatabase(data))
  try {
    while (server.exitCode === null && server.signalCode === null) {
      const { rows } = await database.read
        .selectFrom('journal')
        .select((row) => row.fn.countAll<number>().as('rows'))
        .where('owner', 'is not', null)
        .executeTakeFirstOrThrow()
      if (rows === 0) return true
      await sleep(STRUCK_OFF_POLL_MS)
    }
    return false
  } finally {
    await database.close()
  }
}

async function hashStored(data: string): Promise<Record<string, string>> {
  if (onS3) return hashObjects(data)
  const stored: Record<string, string> = {}
  for (const kind of ['originals', 'variants']) {
    const folder = join(data, 'files', kind)
    if (!existsSync(folder)) continue
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue
      const path = join(entry.parentPath, entry.name)
      const key = path.slice(join(data, 'files/').length)
      const bytes = await readFile(path).catch(unlessGone)
      if (bytes) stored[key] = hash('sha256', bytes)
    }
  }
  return stored
}

/** A running server may delete files meanwhile. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

export async function findTemporary(data: string): Promise<string[]> {
  const root = join(data, 'tmp')
  if (!existsSync(root)) return []
  const found = await readdir(root, { recursive: true })
  // `<pid>-…` is the folder of a process.
  const isOwn = (path: string) => existsSync(`/proc/${Number.parseInt(path, 10)}`)
  return found.filter((path) => path.includes('/') || !isOwn(path))
}
