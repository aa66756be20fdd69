import type { Database } from '../../database/database.ts'
import { createPace, inBatches } from '../../database/pace.ts'
import { type BulkWork, type FailedItem, runBulk } from './bulk.ts'
import { createIndexMerger, withoutMerging } from './merge-index.ts'
import type { Chosen } from './selection.ts'

export interface PacedWork extends Pick<BulkWork, 'message' | 'conclude' | 'explain' | 'signal'> {
  /** Does the work for one batch, in short transactions on this database, whose writes are timed. */
  work(database: Database, ids: readonly number[]): Promise<FailedItem[]>
}

/** Like `runBulk`. The batches are short and have pauses between them: half of the time, others have the database. */
export async function* runPaced(
  database: Database,
  { total, slices }: Chosen,
  { work, ...others }: PacedWork,
): AsyncGenerator<string> {
  const pace = createPace(database)
  const timed = withoutMerging(pace.database)
  const merger = createIndexMerger(pace)
  try {
    yield* runBulk({
      ...others,
      total,
      batches: inBatches(slices, pace.batch),
      async work(ids) {
        const failed = await work(timed, ids)
        pace.adapt()
        return failed
      },
      async pause() {
        await pace.pause()
        await merger.merge()
      },
    })
  } finally {
    await merger.close()
  }
}
