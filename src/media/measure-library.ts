import { statfs } from 'node:fs/promises'
import type { Metrics } from '../base/metrics.ts'
import type { CacheUse } from '../base/recent.ts'
import type { Database } from '../database/database.ts'
import type { Images } from '../images/images.ts'
import type { TemporaryFolder } from '../storage/temporary.ts'

interface Measured {
  database: Database
  images: Pick<Images, 'workers' | 'waiting'>
  temporary: Pick<TemporaryFolder, 'path'>
}

/** Adds metrics of the state of a library, read at each scrape. */
export function measureLibrary(
  { database, images, temporary }: Measured,
  caches: Readonly<Record<string, CacheUse>>,
  metrics: Metrics,
): void {
  metrics.sampleAll({
    vitrine_image_workers: { help: 'Image processes that run', read: () => images.workers },
    vitrine_images_waiting: {
      help: 'Images that wait for an image process',
      read: () => images.waiting,
    },
  })
  metrics.sample({
    name: 'vitrine_cache_reads_total',
    help: 'Reads of the caches in memory, and whether they found what they looked for',
    labels: ['cache', 'result'],
    kind: 'counter',
    read: () =>
      Object.entries(caches).flatMap(([cache, { hits, misses }]) => [
        { labels: { cache, result: 'hit' }, value: hits },
        { labels: { cache, result: 'miss' }, value: misses },
      ]),
  })
  metrics.sample({
    name: 'vitrine_journal_rows',
    help: 'Objects that are being written or removed, by all processes on this library',
    together: 'max',
    read: () => countJournal(database),
  })
  metrics.sample({
    name: 'vitrine_temporary_free_bytes',
    help: 'Bytes left on the file system of the temporary folder',
    together: 'min',
    async read() {
      const { bavail, bsize } = await statfs(temporary.path)
      return bavail * bsize
    },
  })
}

async function countJournal({ read }: Database): Promise<number> {
  const { rows } = await read
    .selectFrom('journal')
    .select((row) => row.fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return rows
}
