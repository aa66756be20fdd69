import type { Readable } from 'node:stream'
import type { Database } from '../database/database.ts'
import type { Queries } from '../database/tables.ts'
import { createSpool, type Spool } from '../http/spool.ts'
import type { TemporaryFolder } from '../storage/temporary.ts'
import { type ItemRow, toItem } from './item.ts'
import { type ListQuery, type ListSummary, selectPage, summarizeList } from './list.ts'

/** Rows read and serialised at a stretch, before other requests have their turn. */
const SLICE_ROWS = 500
/** A client that takes nothing for so long is given up. */
const IDLE_MS = 60_000

/**
 * A list of any length as one consistent snapshot, in bounded memory. A fault midway destroys the
 * body, so that a short answer is never well-formed.
 */
export async function streamList(
  { database, temporary }: { database: Database; temporary: TemporaryFolder },
  query: ListQuery,
): Promise<{ summary: ListSummary; body: Readable }> {
  const spool = createSpool(temporary.newFile(), IDLE_MS)
  const summarized = Promise.withResolvers<ListSummary>()
  database
    .snapshot(async (trx) => {
      const summary = await summarizeList(trx, query)
      summarized.resolve(summary)
      await writeList(trx, query, summary, spool)
    })
    .then(spool.end, (error) => {
      summarized.reject(error)
      spool.fail(error)
    })
  return { summary: await summarized.promise, body: spool.body }
}

async function writeList(db: Queries, query: ListQuery, summary: ListSummary, spool: Spool) {
  const { max, from, to } = summary
  let separator = '{"media":['
  for await (const rows of readSlices(db, query, summary)) {
    const items = rows.map((row) => JSON.stringify(toItem(row))).join(',')
    await spool.write(Buffer.from(separator + items))
    separator = ','
  }
  const opening = separator === ',' ? '' : separator
  await spool.write(Buffer.from(`${opening}],"max":${max},"from":${from},"to":${to}}`))
}

async function* readSlices(
  db: Queries,
  query: ListQuery,
  summary: ListSummary,
): AsyncIterable<ItemRow[]> {
  const page = await selectPage(db, query, summary)
  if (!page) return
  const slices = db.getExecutor().stream<ItemRow>(page.compile(), SLICE_ROWS)
  for await (const { rows } of slices) yield rows
}
