import type { Readable } from 'node:stream'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import { createSpool } from '../../http/body/spool.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { ItemAddresses } from '../item.ts'
import {
  endOf,
  findFirst,
  type ListQuery,
  type ListSummary,
  OPENING,
  readSlice,
  type Source,
  selectRows,
  summarizeList,
  toBuffer,
} from './list.ts'
import type { ListReader } from './list-reader.ts'

/** Items that are read before other requests get a turn: less than a millisecond. */
const SLICE_ITEMS = 1000
/** A client that reads nothing for this long is disconnected. */
const IDLE_MS = 60_000

/**
 * Streams a list of any length as one consistent snapshot, in bounded memory. An error midway destroys the
 * body, so that a truncated answer is never well-formed.
 *
 * @param countUsed see `createBufferFreer`
 */
export async function streamList(
  { database, temporary }: { database: Database; temporary: TemporaryFolder },
  lists: ListReader,
  { inJson }: ItemAddresses,
  query: ListQuery,
  countUsed: (bytes: number) => void,
): Promise<{ summary: ListSummary; body: Readable }> {
  const spool = createSpool(temporary.newFile(), IDLE_MS)
  const summarized = Promise.withResolvers<ListSummary>()
  database
    .snapshot(async (trx) => {
      const source = lists.within(trx)
      const summary = await summarizeList(source, query)
      summarized.resolve(summary)
      await writeList(source, query, summary, async (json) => {
        await spool.write(inJson(json))
        countUsed(json.length)
      })
    })
    .then(spool.end, (error) => {
      summarized.reject(error)
      spool.fail(error)
    })
  return { summary: await summarized.promise, body: spool.body }
}

async function writeList(
  source: Source,
  query: ListQuery,
  summary: ListSummary,
  write: (part: Buffer) => Promise<void>,
) {
  const { from, to } = summary
  let left = from === 0 ? 0 : to - from + 1
  if (left === 0) await write(Buffer.from(OPENING))
  else {
    for await (const { json, count } of readParts(source, query, summary)) {
      left -= count
      await write(json)
    }
  }
  if (left !== 0) throw new Error(`A list lacks ${left} of the items that the counts say.`)
  await write(Buffer.from(endOf(summary)))
}

/** The JSON of some items, with the text before them. */
type Part = { json: Buffer; count: number }

async function* readParts(
  source: Source,
  query: ListQuery,
  summary: ListSummary,
): AsyncGenerator<Part> {
  const count = summary.to - summary.from + 1
  const first = query.terms.length > 0 ? undefined : await findFirst(source, query, summary)
  if (first !== undefined && !isPostgres(source.db)) {
    yield* readSlices(source, query.order, first, count)
    return
  }
  const rows = selectRows(source.db, query, first, count)
  let opening = OPENING
  for await (const { rows: items } of source.db.getExecutor().stream(rows, SLICE_ITEMS)) {
    const json = Buffer.from(opening + items.map(({ json }) => json).join(','))
    yield { json, count: items.length }
    opening = ','
  }
}

/** On SQLite, items as one text cost a third of what they cost as rows. */
async function* readSlices(
  source: Source,
  order: ListQuery['order'],
  first: number,
  count: number,
): AsyncGenerator<Part> {
  const step = order === 'added-asc' ? 1 : -1
  let next = first
  let opening = OPENING
  for (let left = count; left > 0; ) {
    const around = [opening, ''] as const
    const slice = await readSlice(source, order, next, Math.min(left, SLICE_ITEMS), around)
    if (slice.last === null || slice.json === null) return
    yield { json: toBuffer(slice.json), count: slice.count }
    left -= slice.count
    next = slice.last + step
    opening = ','
    await new Promise(setImmediate)
  }
}
