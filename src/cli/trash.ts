import { openLibrary } from '../app.ts'
import { UsageError } from '../base/errors.ts'
import type { Config } from '../config.ts'
import { createLog } from '../http/operate/logging.ts'
import { DAY_MS, emptyTrash } from '../media/trash/purge.ts'
import { countInTrash, listTrash } from '../media/trash/trashed-items.ts'
import { startProgress } from '../transfer/progress.ts'
import { requireLibrary, withDatabase } from './open-database.ts'
import { runStoppable } from './stoppable.ts'
import { printTable, showTime } from './table.ts'

/** Prints the items in the trash, the latest first. */
export async function trashList(config: Config, { limit }: { limit: string }): Promise<void> {
  const most = readNumber('--limit', limit, 1)
  await requireLibrary(config)
  await withDatabase(
    config,
    async ({ read }) => {
      const items = await listTrash(read, most)
      printTable(
        ['ID', 'IN THE TRASH SINCE', 'BY', 'MERGED INTO', 'NAME'],
        items.map(({ id, trashed_at, trashed_by, merged_into, name }) => [
          String(id),
          showTime(trashed_at),
          trashed_by ?? '-',
          merged_into === null ? '-' : String(merged_into),
          name,
        ]),
      )
      const total = await countInTrash(read)
      if (total > items.length) {
        console.error(`There are ${total} items in the trash: show more with --limit.`)
      }
    },
    { asItIs: true },
  )
}

/** Deletes the items in the trash for good, all or those that have been there for some days. */
export async function trashEmpty(
  config: Config,
  { olderThan }: { olderThan?: string },
): Promise<void> {
  const days = olderThan === undefined ? 0 : readNumber('--older-than', olderThan, 0)
  await requireLibrary(config)
  const library = await openLibrary(config, createLog(config.logLevel))
  try {
    process.exitCode = await runStoppable(async (signal) => {
      // One later than now, so that it includes what was moved there in this millisecond.
      const before = (await library.database.now()) + 1 - days * DAY_MS
      const progress = startProgress('items')
      let count: number
      try {
        progress.setTotal(await countInTrash(library.database.read, before))
        const advance = (done: number) => {
          for (let item = 0; item < done; item += 1) progress.advance()
        }
        count = await emptyTrash(library, before, { signal, advance })
      } finally {
        progress.stop()
      }
      console.log(`${count} ${count === 1 ? 'item' : 'items'} deleted for good`)
      signal.throwIfAborted()
      return 0
    }, 'Run it again to go on.')
  } finally {
    await library.close()
  }
}

function readNumber(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d{1,9}$/.test(text) && number >= least) return number
  throw new UsageError(`${flag} must be a whole number from ${least}.`)
}
