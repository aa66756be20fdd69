import type { Readable } from 'node:stream'
import type { Database } from '../../database/database.ts'
import { isPostgres } from '../../database/engine.ts'
import type { Queries } from '../../database/tables.ts'
import { createSpool } from '../../http/body/spool.ts'
import type { TemporaryFolder } from '../../storage/temporary.ts'
import type { ItemAddresses } from '../item.ts'
import type { IdOrder } from '../order/read-order.ts'
import { readItemsJson } from './chosen-lists.ts'
import {
  endOf,
  findFirst,
  isPlain,
  type ListQuery,
  type ListSummary,
  lengthOf,
  OPENING,
  type PlainQuery,
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
      const write = async (json: Buffer) => {
        await spool.write(inJson(json))
        countUsed(json.length)
      }
      if (isPlain(query)) {
        const source = lists.within(trx)
        const summary = await summarizeList(source, query)
        summarized.resolve(summary)
        await writeList(readParts(source, query, summary), summary, write)
      } else {
        const { summary, ids } = await lists.chosen.findWithin(trx, query)
        summarized.resolve(summary)
        await writeList(readChosen(trx, query, ids), summary, write)
      }
    })
    .then(spool.end, (error) => {
      summarized.reject(error)
      spool.fail(error)
    })
  return { summary: await summarized.promise, body: spool.body }
}

async function writeList(
  parts: AsyncIterable<Part>,
  summary: ListSummary,
  write: (part: Buffer) => Promise<void>,
) {
  let left = lengthOf(summary)
  if (left === 0) await write(Buffer.from(OPENING))
  else {
    for await (const { json, count } of parts) {
      left -= count
      await write(json)
    }
  }
  if (left !== 0) throw new Error(`A list lacks ${left} of the items that the counts say.`)
  await write(Buffer.from(endOf(summary)))
}

/** The JSON of some items, with the text before them. */
type Part = { json: Buffer; count: number }

async function* readChosen(
  trx: Queries,
  { filter }: ListQuery,
  ids: readonly number[],
): AsyncGenerator<Part> {
  for (let start = 0; start < ids.length; start += SLICE_ITEMS) {
    const some = ids.slice(start, start + SLICE_ITEMS)
    const items = await readItemsJson(trx, some, filter)
    yield {
      json: Buffer.from((start === 0 ? OPENING : ',') + items.join(',')),
      count: items.length,
    }
    await new Promise(setImmediate)
  }
}

async function* readParts(
  source: Source,
  query: PlainQuery,
  summary: ListSummary,
): AsyncGenerator<Part> {
  const count = lengthOf(summary)
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
  order: IdOrder,
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
