import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { openTemporaryDatabase } from '../../test/temporary-database.ts'
import { createMetrics } from '../base/metrics.ts'
import { createCacheUse } from '../base/recent.ts'
import { openDiskStorage } from '../storage/disk.ts'
import { openJournal } from '../storage/journal/journal.ts'
import { newKey } from '../storage/storage.ts'
import { measureLibrary } from './measure-library.ts'

/** A library with metrics, and a function that reads the value of a series. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'vitrine-measured-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const database = await openTemporaryDatabase()
  const metrics = await createMetrics()
  const images = { workers: 3, waiting: 2 }
  const lists = createCacheUse()
  measureLibrary({ database, images, temporary: { path: folder } }, { lists }, metrics)
  const valueAt = async (series: string) => {
    const lines = (await metrics.registry.metrics()).split('\n')
    const line = lines.find((text) => text.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length))
  }
  return { folder, database, lists, images, valueAt }
}

it('reports the present values at each scrape', async () => {
  const { folder, database, lists, images, valueAt } = await start()
  expect(await valueAt('vitrine_journal_rows')).toBe(0)
  const storage = await openDiskStorage(join(folder, 'files'))
  const journal = await openJournal({ database, storage, log: pino({ enabled: false }) })
  const keys = [newKey('originals', 'jpg'), newKey('variants', 'webp')]
  await journal.record(keys)
  expect(await valueAt('vitrine_journal_rows')).toBe(2)
  await journal.discard(keys)
  expect(await valueAt('vitrine_journal_rows')).toBe(0)
  await journal.close()

  const reads = (result: string) =>
    valueAt(`vitrine_cache_reads_total{cache="lists",result="${result}"}`)
  expect([await reads('hit'), await reads('miss')]).toEqual([0, 0])
  Object.assign(lists, { hits: 5, misses: 1 })
  expect([await reads('hit'), await reads('miss')]).toEqual([5, 1])

  images.waiting = 7
  expect(await valueAt('vitrine_images_waiting')).toBe(7)
  expect(await valueAt('vitrine_image_workers')).toBe(3)
  expect(await valueAt('vitrine_temporary_free_bytes')).toBeGreaterThan(0)
})

it('leaves out a value that cannot be read, and reports the rest', async () => {
  const { folder, valueAt } = await start()
  await rm(folder, { recursive: true })
  expect(await valueAt('vitrine_temporary_free_bytes')).toBeUndefined()
  expect(await valueAt('vitrine_journal_rows')).toBe(0)
})
