import { createRecent } from '../../base/recent.ts'
import type { Database } from '../../database/database.ts'
import { runIn, runWithin } from '../../database/prepared.ts'
import type { Queries } from '../../database/tables.ts'
import { type ReadState, readVersion } from '../library-state.ts'
import { type ChosenLists, createChosenLists } from './chosen-lists.ts'
import {
  countMatches,
  endOf,
  findBlocks,
  findFirst,
  isPlain,
  type ListQuery,
  type ListSummary,
  OPENING,
  type PlainQuery,
  readMatches,
  readSlice,
  type Source,
  summarize,
  summarizeList,
  toBuffer,
} from './list.ts'
import { addUp, type Block } from './rank.ts'

/** Longer lists are streamed. */
const MAX_PAGE_ITEMS = 1000
/** Memory for the numbers of matches of some thousand searches. */
const MAX_TOTALS_BYTES = 512 * 1024
/** Memory for the blocks of a hundred million items. */
const MAX_BLOCKS_BYTES = 5 * 1024 * 1024
const BLOCK_BYTES = 48
/** How often a page is tried outside of a transaction, while the library keeps changing. */
const ATTEMPTS = 3

export interface List {
  summary: ListSummary
  /** The whole answer; undefined if it is too long to be built at once. */
  body: Buffer | undefined
}

export interface ListReader {
  /** @param version of the library, read after the list was requested */
  read(query: ListQuery, version: number): Promise<List>
  /** Reads in the caller's transaction, and nothing from memory. */
  within(trx: Queries): Source
  /** Lists with filters or other orders. */
  chosen: ChosenLists
}

/**
 * Reads lists. Keeps in memory what was derived from the library's present version: counts of blocks and
 * numbers of matches.
 *
 * A page needs no transaction. Each of its queries may see the library at another moment. But versions only
 * grow, and the queries that read items or count matches also return the version that they saw. If that is
 * the version from before the first query, and the values from memory were derived from it too, all queries
 * saw the same library. Otherwise the page is read again, and after some attempts within a transaction.
 */
export function createListReader(database: Database, readState: ReadState): ListReader {
  let memory = createMemory(-1)

  function remember(version: number) {
    if (memory.version !== version) memory = createMemory(version)
    return memory
  }

  /**
   * Reads through the memory of a version. If another process commits meanwhile, a newer value may be stored under
   * this version. Each page that uses it then fails the version check.
   */
  function sourceWithMemory({ version, blocks, totals }: Memory): Source {
    return {
      run: database.run,
      db: database.read,
      async readBlocks(level, first, last) {
        // `last` follows from these two; see `findPlace`.
        const key = `${level} ${first}`
        const known = blocks.get(key)
        if (known) return known
        const read = addUp(await database.run(findBlocks, level, first, last))
        blocks.set(key, read, read.length * BLOCK_BYTES)
        return read
      },
      async countMatches(terms) {
        // Not joined with spaces: a folded term may hold a space itself.
        const key = JSON.stringify(terms)
        const known = totals.get(key)
        if (known !== undefined) return { version, total: known }
        const counted = await countMatches(database.read, terms)
        // 0 bytes: a number costs only its entry.
        if (counted.version === version) totals.set(key, counted.total, 0)
        return counted
      },
    }
  }

  function within(trx: Queries): Source {
    return {
      run: runWithin(trx),
      db: trx,
      readBlocks: async (...range) => addUp(await runIn(trx, findBlocks, ...range)),
      countMatches: (terms) => countMatches(trx, terms),
    }
  }

  const chosen = createChosenLists(database, readState)

  async function readChosen(query: ListQuery, firstVersion: number): Promise<List> {
    const { summary, items } = await chosen.read(query, firstVersion, MAX_PAGE_ITEMS)
    return {
      summary,
      body: items && Buffer.from(OPENING + items.join(',') + endOf(summary)),
    }
  }

  return {
    within,
    chosen,
    async read(query, firstVersion) {
      if (!isPlain(query)) return readChosen(query, firstVersion)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const version = attempt === 0 ? firstVersion : (await readState()).version
        const list = await readAt(version, sourceWithMemory(remember(version)), query)
        if (list) return list
      }
      return database.read.transaction().execute(async (trx) => {
        const source = within(trx)
        const { version } = await readVersion(trx)
        const list = await readAt(version, source, query)
        if (!list) throw new Error('The version of the library changed within a transaction.')
        return list
      })
    },
  }
}

/** @returns undefined if the library has another version by now */
function readAt(version: number, source: Source, query: PlainQuery): Promise<List | undefined> {
  return query.terms.length > 0 && query.limit <= MAX_PAGE_ITEMS
    ? readThenCount(version, source, query)
    : countThenRead(version, source, query)
}

async function countThenRead(
  version: number,
  source: Source,
  query: PlainQuery,
): Promise<List | undefined> {
  const summary = await summarizeList(source, query)
  const { from, to } = summary
  const count = from === 0 ? 0 : to - from + 1
  if (count > MAX_PAGE_ITEMS) return { summary, body: undefined }
  const around = [OPENING, endOf(summary)] as const
  if (count === 0) return { summary, body: Buffer.from(around.join('')) }
  const slice =
    // A search with a large limit, which has few matches.
    query.terms.length > 0
      ? await readMatches(source.db, query, count, around)
      : await readSlice(source, query.order, await findFirst(source, query, summary), count, around)
  if (slice.version !== version) return undefined
  if (slice.count !== count) {
    throw new Error(`A list has ${slice.count} items where the counts say ${count}.`)
  }
  if (slice.json === null) throw new Error('A list of items has no JSON.')
  return { summary, body: toBuffer(slice.json) }
}

/** Reads the page first: if it is not full, the number of matches is known without counting them. */
async function readThenCount(
  version: number,
  source: Source,
  query: PlainQuery,
): Promise<List | undefined> {
  const { terms, limit, offset } = query
  const slice = await readMatches(source.db, query, limit, [OPENING, ''])
  const { count, json } = slice
  // A page that is not full ends the list, unless it lies past the end.
  const isLast = count < limit && (count > 0 || offset === 0)
  const total = slice.total ?? (isLast ? offset + count : undefined)
  const counted =
    total === undefined ? await source.countMatches(terms) : { version: slice.version, total }
  if (slice.version !== version || counted.version !== version) return undefined
  const summary = summarize(query, counted.total)
  const body = Buffer.concat([toBuffer(json ?? OPENING), Buffer.from(endOf(summary))])
  return { summary, body }
}

type Memory = ReturnType<typeof createMemory>

const createMemory = (version: number) => ({
  version,
  totals: createRecent<number>(MAX_TOTALS_BYTES),
  blocks: createRecent<readonly Block[]>(MAX_BLOCKS_BYTES),
})
