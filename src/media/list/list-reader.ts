import { createRecent } from '../../base/recent.ts'
import { askWithin, type Database } from '../../database/database.ts'
import type { Queries } from '../../database/tables.ts'
import { compileStateQuery, type ReadState, readState } from '../library-state.ts'
import {
  compileListStatements,
  countMatches,
  endOf,
  findFirst,
  type ListQuery,
  type ListSummary,
  OPENING,
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
/** Of searches whose number of matches is kept: some thousand. */
const MAX_TOTALS_BYTES = 512 * 1024
/** Of blocks that are kept: those of a hundred million items. */
const MAX_BLOCKS_BYTES = 5 * 1024 * 1024
const BLOCK_BYTES = 48
/** How often a page is read again because the library changed meanwhile. */
const ATTEMPTS = 3

export interface List {
  summary: ListSummary
  /** The whole answer; undefined if it is too long for one go. */
  body: Buffer | undefined
}

export interface ListReader {
  /** @param version of the library, as it was told since the list was asked for */
  read(query: ListQuery, version: number): Promise<List>
  /** For a transaction of the caller's, in which nothing comes from memory. */
  within(trx: Queries): Source
}

/**
 * Reads lists, and keeps in memory what was derived of the library's present version: counts of
 * blocks, numbers of matches.
 *
 * A page costs no transaction. Each of its queries may see the library at another moment, but
 * versions only grow, and the queries that read items or count matches tell theirs. If it is the
 * version that was there before the first, and what comes from memory was derived of it, all saw the
 * same library. Else the page is read again, and after some attempts within a transaction.
 */
export function createListReader(database: Database, current: ReadState): ListReader {
  const statements = compileListStatements(database.read)
  const stateQuery = compileStateQuery(database.read)
  let memory = createMemory(-1)

  function remember(version: number) {
    if (memory.version !== version) memory = createMemory(version)
    return memory
  }

  /** Reads through the memory of a version. What is newer may come into it: then the page is too. */
  function outside({ version, blocks, totals }: Memory): Source {
    return {
      ask: database.ask,
      db: database.read,
      statements,
      async readBlocks(level, first, last) {
        const key = `${level} ${first}`
        const known = blocks.get(key)
        if (known) return known
        const read = addUp(await database.ask(statements.blocks, level, first, last))
        blocks.set(key, read, read.length * BLOCK_BYTES)
        return read
      },
      async countMatches(terms) {
        // A folded term may hold a space itself.
        const key = JSON.stringify(terms)
        const known = totals.get(key)
        if (known !== undefined) return { version, total: known }
        const counted = await countMatches(database.read, terms)
        if (counted.version === version) totals.set(key, counted.total, 0)
        return counted
      },
    }
  }

  function within(trx: Queries): Source {
    const ask = askWithin(trx)
    return {
      ask,
      db: trx,
      statements,
      readBlocks: async (...range) => addUp(await ask(statements.blocks, ...range)),
      countMatches: (terms) => countMatches(trx, terms),
    }
  }

  return {
    within,
    async read(query, told) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const version = attempt === 0 ? told : (await current()).version
        const list = await readAt(version, outside(remember(version)), query)
        if (list) return list
      }
      return database.read.transaction().execute(async (trx) => {
        const source = within(trx)
        const { version } = await readState(source.ask, stateQuery)
        const list = await readAt(version, source, query)
        if (!list) throw new Error('The version of the library changed within a transaction.')
        return list
      })
    },
  }
}

/** @returns undefined if the library is of another version by now */
function readAt(version: number, source: Source, query: ListQuery): Promise<List | undefined> {
  return query.terms.length > 0 && query.limit <= MAX_PAGE_ITEMS
    ? readMatchesAt(version, source, query)
    : readPageAt(version, source, query)
}

async function readPageAt(
  version: number,
  source: Source,
  query: ListQuery,
): Promise<List | undefined> {
  const summary = await summarizeList(source, query)
  const { from, to } = summary
  const count = from === 0 ? 0 : to - from + 1
  if (count > MAX_PAGE_ITEMS) return { summary, body: undefined }
  const around = [OPENING, endOf(summary)] as const
  if (count === 0) return { summary, body: Buffer.from(around.join('')) }
  const slice =
    query.terms.length > 0
      ? await readMatches(source.db, query, count, around)
      : await readSlice(source, query.order, await findFirst(source, query, summary), count, around)
  if (slice.version !== version) return undefined
  if (slice.count !== count) {
    throw new Error(`A list has ${slice.count} items where the counts say ${count}.`)
  }
  if (slice.json === null) throw new Error('A list of items came without them.')
  return { summary, body: toBuffer(slice.json) }
}

/** The page first: one that is not full tells how many matches there are, without counting them. */
async function readMatchesAt(
  version: number,
  source: Source,
  query: ListQuery,
): Promise<List | undefined> {
  const { terms, limit, offset } = query
  const slice = await readMatches(source.db, query, limit, [OPENING, ''])
  const { count, json } = slice
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
